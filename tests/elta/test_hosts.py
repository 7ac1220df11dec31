import pytest
import torch
from torch.nn.functional import grid_sample

from aeslib.backbones import BACKBONES, build, count_parameters
from aeslib.elta.eat import InterestAttention
from aeslib.elta.hgcn import LayoutGraph
from aeslib.elta.hosts import HOSTS, Musiq, encoder_of
from aeslib.elta.tanet import ColourAttention, ThemeReading
from aeslib.errors import ParameterError, StateError
from aeslib.profiles import Size
from aeslib.published import table


@pytest.mark.parametrize("name", ["musiq", "maxvit", "hgcn", "tanet", "eat"])
def test_sizes_as_published(name):
    assert count_parameters(lambda: BACKBONES[name].paper(False)) == BACKBONES[name].parameters


@pytest.mark.parametrize("host", ["", *HOSTS])
def test_every_host_encodes(host):
    encoder = build(encoder_of(host, "small")).eval()
    z = encoder(torch.rand(2, 3, 64, 64))
    assert z.shape == (2, encoder.num_features)
    assert (z[0] != z[1]).any()


@pytest.mark.parametrize("host", sorted({*HOSTS} - {"MaxViT"}))  # whose windows fit one size
def test_hosts_read_other_aspects(host):
    encoder = build(encoder_of(host, "small")).eval()
    assert encoder(torch.rand(2, 3, 64, 40)).isfinite().all()


@pytest.mark.parametrize("host", HOSTS)
def test_every_part_of_a_host_learns(host):
    encoder = build(encoder_of(host, "small"))
    encoder(torch.rand(4, 3, 64, 64)).square().sum().backward()
    assert [name for name, weight in encoder.named_parameters() if weight.grad is None] == []


def test_the_seven_of_table_3_are_there():
    assert set(HOSTS) == set(table("elta.T3")["group"])


def test_regions_have_no_order_but_a_place():
    graph, nodes, place, order = LayoutGraph(8), torch.randn(2, 9, 8), torch.rand(9, 2), torch.randperm(9)
    torch.testing.assert_close(graph(nodes[:, order], place[order]), graph(nodes, place)[:, order])
    moved = place.clone()
    moved[0] += 0.3
    assert not torch.allclose(graph(nodes, place), graph(nodes, moved))


def test_the_theme_makes_the_weights():
    read, looks, themes = ThemeReading(5, 4, themes=3), torch.randn(2, 5), torch.eye(3)
    by_hand = torch.stack([read.weight[t] @ x + read.bias[t] for t, x in zip((0, 2), looks, strict=True)])
    torch.testing.assert_close(read(looks, themes[[0, 2]]), by_hand)
    assert not torch.allclose(read(looks, themes[[0, 0]]), read(looks, themes[[1, 1]]))


def test_colours_are_read_without_their_places():
    colours, image, order = ColourAttention(4, 8), torch.rand(2, 3, 4, 4), torch.randperm(16)
    torch.testing.assert_close(colours(image), colours(image.flatten(2)[..., order].view(2, 3, 4, 4)))


def test_points_of_interest_start_as_a_grid_and_move_with_the_picture():
    attention, image = InterestAttention(8, 2, points=8), torch.randn(2, 8, 8, 8)
    seen = grid_sample(image, attention.places(image), align_corners=False, padding_mode="border")
    torch.testing.assert_close(seen, image)
    torch.nn.init.normal_(attention.offset[-1].weight)
    assert not torch.allclose(attention.places(image)[0], attention.places(image)[1])
    assert attention.places(image).abs().max() <= 1


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
    assert str(found.value) == (
        "no host named 'MUSIK'. Did you mean 'MUSIQ'? Known: NIMA, MUSIQ, MaxViT, HGCN, BIAA, TANet, EAT."
    )
    with pytest.raises(StateError) as state:
        build("musiq", "paper", pretrained=True)
    assert str(state.value) == (
        "the published weights of musiq ([ke2021musiq] Section 3) are not at hand: its authors publish them for "
        "another library only. Connect once so that timm can cache them, or use --profile default, which needs none."
    )


def test_sizes_name_their_encoders():
    size: Size = "paper"
    assert [encoder_of(host, size) for host in ("", "NIMA")] == ["swinv2", "vgg16"]
