"""One module per data set: from its owners' files to the one `LabelTable`."""

from aeslib.data.adapters import (
    aadb,
    ava,
    ava_captions,
    eva,
    flickr_aes,
    koniq10k,
    oasis_beauty,
    para,
    photonet,
    photonet_captions,
    real_cur,
    spaq,
    tad66k,
    tid2013,
)
from aeslib.data.adapters.reading import Adapter

ADAPTERS: dict[str, Adapter] = {
    "ava": ava, "aadb": aadb, "tad66k": tad66k, "para": para, "eva": eva, "photonet": photonet,
    "ava_captions": ava_captions, "photonet_captions": photonet_captions, "flickr_aes": flickr_aes,
    "real_cur": real_cur, "koniq10k": koniq10k, "spaq": spaq, "tid2013": tid2013, "oasis_beauty": oasis_beauty,
}  # fmt: skip
"""Card key → its reader."""
