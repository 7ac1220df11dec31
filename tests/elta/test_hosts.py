import pytest
import torch

from aeslib.backbones import BACKBONES, build, count_parameters
from aeslib.elta.hosts import HOSTS, Musiq, encoder_of
from aeslib.errors import ParameterError, StateError
from aeslib.profiles import Size


@pytest.mark.parametrize("name", ["musiq", "maxvit"])
def test_sizes_as_published(name):
    assert count_parameters(lambda: BACKBONES[name].paper(False)) == BACKBONES[name].parameters


@pytest.mark.parametrize("host", ["", *HOSTS])
def test_every_host_encodes(host):
    encoder = build(encoder_of(host, "small")).eval()
    z = encoder(torch.rand(2, 3, 64, 64))
    assert z.shape == (2, encoder.num_features)
    assert (z[0] != z[1]).any()


@pytest.mark.parametrize(("height", "width", "tokens"), [(64, 64, 16), (64, 32, 8), (20, 64, 8), (128, 64, 8)])
def test_musiq_keeps_the_aspect(height, width, tokens):
    net = Musiq(sides=(64, 32), patch=16, width=8, depth=1, heads=2, grid=4, stem=4)
    assert net.tokens(torch.rand(1, 3, height, width), 0).shape == (1, tokens, 8)


def test_the_same_place_has_the_same_code_at_every_scale():
    net = Musiq(sides=(64, 32), patch=16, width=8, depth=1, heads=2, grid=4, stem=4).eval()
    with torch.no_grad():
        net.scale.zero_()
        for parameter in net.embed.parameters():
            parameter.zero_()
        fine, coarse = (net.tokens(torch.rand(1, 3, 64, 64), scale)[0] for scale in range(2))
    torch.testing.assert_close(coarse, fine.view(4, 4, 8)[::2, ::2].reshape(4, 8))  # 2 × 2 laid over 4 × 4


def test_wrong_names_and_missing_weights_are_told():
    with pytest.raises(ParameterError) as found:
        encoder_of("MUSIK", "small")
    assert str(found.value) == "no host named 'MUSIK'. Did you mean 'MUSIQ'? Known: NIMA, MUSIQ, MaxViT."
    with pytest.raises(StateError) as state:
        build("musiq", "paper", pretrained=True)
    assert str(state.value) == (
        "the published weights of musiq ([ke2021musiq] Section 3) are not at hand: its authors publish them for "
        "another library only. Connect once so that timm can cache them, or use --profile default, which needs none."
    )


def test_sizes_name_their_encoders():
    size: Size = "paper"
    assert [encoder_of(host, size) for host in ("", "NIMA")] == ["swinv2", "vgg16"]
