"""The transformer and its sampler in PyTorch, for comparison with vimogen. docs/src/concepts/model.md describes them.

Parameter names are those of the checkpoints, so both sides load one file. It computes what the released system
computes: each sample is evaluated with its prompt and with the null context, and passes the text projection, the
reference encoder and both cross attentions in every step, whichever of them its gate lets through. It is otherwise
PyTorch at its best: fused attention (`scaled_dot_product_attention`), no mask where every clip is whole.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def modulated(x: Tensor, shift: Tensor, scale: Tensor, eps: float) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=eps) * (1 + scale) + shift


class RmsNorm(nn.Module):
    def __init__(self, dim: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x.float(), x.shape[-1:], self.weight, self.eps).to(x.dtype)


class Attention(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        dim, self.heads = config["dim"], config["num_heads"]
        self.q, self.k, self.v, self.o = (nn.Linear(dim, dim) for _ in range(4))
        self.norm_q, self.norm_k = RmsNorm(dim, config["eps"]), RmsNorm(dim, config["eps"])

    def forward(self, x: Tensor, source: Tensor) -> Tensor:
        def split(t: Tensor) -> Tensor:
            return t.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        q, k = split(self.norm_q(self.q(x))), split(self.norm_k(self.k(source)))
        v = split(self.v(source))
        mixed = F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v)
        return self.o(mixed.transpose(1, 2).flatten(2))


def feed_forward(config: dict) -> nn.Sequential:
    dim, inner = config["dim"], config["ffn_dim"]
    return nn.Sequential(nn.Linear(dim, inner), nn.GELU(approximate="tanh"), nn.Linear(inner, dim))


class EncoderBlock(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        dim, self.eps = config["dim"], config["eps"]
        self.modulation = nn.Parameter(torch.randn(1, 6, dim) / dim**0.5)
        self.self_attn = Attention(config)
        self.ffn = feed_forward(config)

    def attend(self, x: Tensor, m: tuple[Tensor, ...]) -> Tensor:
        normed = modulated(x, m[0], m[1], self.eps)
        return x + self.self_attn(normed, normed) * m[2]

    def feed(self, x: Tensor, m: tuple[Tensor, ...]) -> Tensor:
        return x + self.ffn(modulated(x, m[3], m[4], self.eps)) * m[5]

    def forward(self, x: Tensor, e0: Tensor) -> Tensor:
        m = (self.modulation + e0).chunk(6, dim=1)
        return self.feed(self.attend(x, m), m)


class Block(EncoderBlock):
    def __init__(self, config: dict):
        super().__init__(config)
        dim, eps = config["dim"], config["eps"]
        self.norm3, self.norm4 = nn.LayerNorm(dim, eps), nn.LayerNorm(dim, eps)
        self.cross_attn, self.ref_motion_cross_attn = Attention(config), Attention(config)

    def forward(self, x: Tensor, e0: Tensor, text: Tensor, reference: Tensor, gate: Tensor) -> Tensor:
        m = (self.modulation + e0).chunk(6, dim=1)
        x = self.attend(x, m)
        from_text = self.cross_attn(self.norm3(x), text)
        from_reference = self.ref_motion_cross_attn(self.norm4(x), reference)
        x = x + torch.where(gate, from_text, from_reference)
        return self.feed(x, m)


class Head(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        dim, self.eps = config["dim"], config["eps"]
        self.head = nn.Linear(dim, 276)
        self.modulation = nn.Parameter(torch.randn(1, 2, dim) / dim**0.5)

    def forward(self, x: Tensor, e: Tensor) -> Tensor:
        shift, scale = (self.modulation + e[:, None]).chunk(2, dim=1)
        return self.head(modulated(x, shift, scale, self.eps))


def positions(frames: int, dim: int) -> Tensor:
    angle = torch.arange(frames)[:, None] * 10000 ** (-torch.arange(0, dim, 2) / dim)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


class Dit(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        dim, text = config["dim"], config["text_dim"]
        self.freq_dim = config["freq_dim"]
        self.motion_embedding, self.ref_motion_embedding = nn.Linear(276, dim), nn.Linear(138, dim)
        self.text_embedding = nn.Sequential(nn.Linear(text, dim), nn.GELU(approximate="tanh"), nn.Linear(dim, dim))
        self.time_embedding = nn.Sequential(nn.Linear(self.freq_dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.time_projection = nn.Sequential(nn.SiLU(), nn.Linear(dim, 6 * dim))
        self.ref_motion_encoder = nn.ModuleList(EncoderBlock(config) for _ in range(config["num_layers"] // 2))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config["num_layers"]))
        self.motion_head = Head(config)

    def forward(self, x: Tensor, t: Tensor, context: Tensor, reference: Tensor, to_text: Tensor) -> Tensor:
        """Velocity; x (B, T, 276), t (B,), context (B, L, text), reference (B, T, 138), to_text (B,) of bool."""
        half = self.freq_dim // 2
        u = t.double()[:, None] * 10000 ** (-torch.arange(half, dtype=torch.float64) / half)
        e = self.time_embedding(torch.cat([u.cos(), u.sin()], dim=1).float())
        e0 = self.time_projection(e).unflatten(1, (6, -1))
        pe = positions(x.shape[1], e.shape[1])
        x = self.motion_embedding(x) + pe
        text = self.text_embedding(context)
        reference = self.ref_motion_embedding(reference) + pe
        for encoder in self.ref_motion_encoder:
            reference = encoder(reference, e0)
        gate = to_text[:, None, None]
        for block in self.blocks:
            x = block(x, e0, text, reference, gate)
        return self.motion_head(x, e)


def sigmas(steps: int, strength: float = 0.7, shift: float = 5.0) -> list[float]:
    """Noise levels as floats: on a GPU, reading them from a tensor would wait for it in every step."""
    s = torch.linspace(strength, 0, steps + 1, dtype=torch.float64, device="cpu")[:-1]
    return [*(shift * s / (1 + (shift - 1) * s)).tolist(), 0.0]


def smooth(x: Tensor) -> Tensor:
    tap = torch.exp(-(torch.arange(-2, 3) ** 2) / 2.0)
    kernel = (tap / tap.sum()).expand(x.shape[-1], 1, 5)
    out = F.conv1d(x.mT, kernel, padding=2, groups=x.shape[-1]).mT
    return torch.cat([x[:, :2], out[:, 2:-2], x[:, -2:]], dim=1)


def sample(dit: Dit, noise: Tensor, context: Tensor, null: Tensor, steps: int, scale: float) -> Tensor:
    """`steps` Euler steps with guidance, from the prompt alone; noise (1, T, 276) to normalised motion."""
    schedule, x = sigmas(steps), noise
    both = torch.cat([context, null])
    reference, to_text = torch.zeros(2, noise.shape[1], 138), torch.ones(2, dtype=torch.bool)
    for here, there in itertools.pairwise(schedule):
        t = torch.full((2,), 1000 * here)
        conditional, unconditional = dit(x.expand(2, -1, -1), t, both, reference, to_text).float().chunk(2)
        x = x + (unconditional + scale * (conditional - unconditional)) * (there - here)
    return smooth(x)
