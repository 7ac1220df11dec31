"""AesMamba: a state-space image encoder, fusion with text, an adapter per task, and people described in words."""
