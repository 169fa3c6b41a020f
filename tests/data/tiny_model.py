"""Tiny GGUF models with random weights, under a megabyte, written in milliseconds.

Their vocabulary is byte-level SentencePiece: five special tokens, the 256 bytes, then the printable ASCII
characters, so any text has tokens and a token may end inside a UTF-8 character. Random weights repeat
themselves under greedy and write nonsense otherwise.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL_TOKENS = ("<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>")
BOS, EOS, EOT = 1, 2, 4


def write_tiny_model(
    path: Path | str,
    *,
    architecture: str = "llama",
    name: str = "tiny",
    layers: int = 2,
    width: int = 64,
    heads: int = 4,
    feed_forward: int = 128,
    context_length: int = 2048,
    sliding_window: int | None = None,
    template: str | None = CHATML,
    tokenizer: bool = True,
    sampling: Mapping[str, float | int] | None = None,
    metadata: Mapping[str, str] | None = None,
    seed: int = 0,
) -> Path:
    """Write a model to `path` and return it.

    `architecture` is `llama` or `gemma3` (the latter with `sliding_window`). `template` None writes no chat
    template, `tokenizer` False no vocabulary. `sampling` holds keys below `general.sampling.`, `metadata`
    further text keys, spelt in full.
    """
    path = Path(path)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(context_length)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(feed_forward)
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    if architecture.startswith("gemma3"):
        writer.add_key_length(width // heads)
        writer.add_value_length(width // heads)
    if sliding_window is not None:
        writer.add_sliding_window(sliding_window)
    if template is not None:
        writer.add_chat_template(template)
    for key, value in (sampling or {}).items():
        add = writer.add_int32 if isinstance(value, int) else writer.add_float32
        add(f"general.sampling.{key}", value)
    for key, text in (metadata or {}).items():
        writer.add_string(key, text)
    if tokenizer:
        _add_vocabulary(writer)
    _add_weights(writer, architecture, layers, width, heads, feed_forward, seed)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def vocabulary() -> list[tuple[bytes, int, float]]:
    """Every token in order of its id: text, GGUF token type, score."""
    unknown, normal, control, byte = 2, 1, 3, 6
    tokens = [(text.encode(), unknown if text == "<unk>" else control, 0.0) for text in SPECIAL_TOKENS]
    tokens += [(b"<0x%02X>" % value, byte, 0.0) for value in range(256)]
    for code in range(32, 127):
        text = "\u2581" if code == 32 else chr(code)
        tokens.append((text.encode(), normal, -float(code)))
    return tokens


def _add_vocabulary(writer: gguf.GGUFWriter) -> None:
    tokens = vocabulary()
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([text for text, _, _ in tokens])
    writer.add_token_types([kind for _, kind, _ in tokens])
    writer.add_token_scores([score for _, _, score in tokens])
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_eot_token_id(EOT)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)


def _add_weights(
    writer: gguf.GGUFWriter, architecture: str, layers: int, width: int, heads: int, feed_forward: int, seed: int
) -> None:
    random = np.random.default_rng(seed)

    def noise(*shape: int) -> np.ndarray:
        return (random.normal(size=shape) * 0.3).astype(np.float32)

    def ones(size: int) -> np.ndarray:
        return np.ones(size, dtype=np.float32)

    size = len(vocabulary())
    writer.add_tensor("token_embd.weight", noise(size, width))
    writer.add_tensor("output_norm.weight", ones(width))
    if architecture == "llama":
        writer.add_tensor("output.weight", noise(size, width))
    for layer in range(layers):
        block = f"blk.{layer}."
        writer.add_tensor(block + "attn_norm.weight", ones(width))
        for letter in "qkv":
            writer.add_tensor(f"{block}attn_{letter}.weight", noise(width, width))
        writer.add_tensor(block + "attn_output.weight", noise(width, width))
        writer.add_tensor(block + "ffn_norm.weight", ones(width))
        writer.add_tensor(block + "ffn_gate.weight", noise(feed_forward, width))
        writer.add_tensor(block + "ffn_up.weight", noise(feed_forward, width))
        writer.add_tensor(block + "ffn_down.weight", noise(width, feed_forward))
        if architecture.startswith("gemma3"):
            writer.add_tensor(block + "attn_q_norm.weight", ones(width // heads))
            writer.add_tensor(block + "attn_k_norm.weight", ones(width // heads))
            writer.add_tensor(block + "post_attention_norm.weight", ones(width))
            writer.add_tensor(block + "post_ffw_norm.weight", ones(width))


if __name__ == "__main__":
    write_tiny_model(sys.argv[1])
