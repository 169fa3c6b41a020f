"""Writes the trained network as a GGUF file, and reads it back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, quants

from chatapp.pocket.chatml import CONTROL, END_OF_TEXT, TEMPLATE, TURN_END
from chatapp.pocket.digest import METADATA_KEY, registry_digests
from chatapp.pocket.network import Shape, Tensor
from chatapp.pocket.vocabulary import Vocabulary

DESCRIPTION = (
    "A tiny demo model of about five million parameters, trained from scratch for chatapp on its own corpus. "
    "It explains chatapp, tells little stories and knows little else."
)
_NORMAL, _CONTROL = 1, 3


def write(path: Path, shape: Shape, parameters: Mapping[str, Tensor], vocabulary: Vocabulary) -> None:
    """Write matrices as Q8_0 and norms as float32."""
    writer = GGUFWriter(str(path), "llama")
    _write_facts(writer, shape)
    _write_vocabulary(writer, vocabulary)
    for name, tensor in parameters.items():
        values = tensor.detach().float().numpy()
        if values.ndim == 1:
            writer.add_tensor(name, values)
        else:
            packed = quants.quantize(values, GGMLQuantizationType.Q8_0)
            writer.add_tensor(name, packed, raw_dtype=GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read_parameters(path: Path) -> dict[str, Tensor]:
    """The tensors of a file that `write` wrote, as float32, in llama.cpp's order of rows."""
    return {
        tensor.name: torch.from_numpy(quants.dequantize(tensor.data, tensor.tensor_type).copy())
        for tensor in GGUFReader(path).tensors
    }


def read_vocabulary(path: Path) -> Vocabulary:
    """The vocabulary of a file that `write` wrote."""
    reader = GGUFReader(path)

    def texts(key: str) -> list[str]:
        return list(reader.fields[f"tokenizer.ggml.{key}"].contents())

    return Vocabulary.of(texts("tokens"), texts("merges"))


def _write_facts(writer: GGUFWriter, shape: Shape) -> None:
    writer.add_name("Pocket")
    writer.add_description(DESCRIPTION)
    writer.add_license("MIT")
    writer.add_size_label("5M")
    writer.add_file_type(7)
    writer.add_string(METADATA_KEY, json.dumps(registry_digests()))
    writer.add_float32("general.sampling.temp", 0.3)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.blocks)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_vocab_size(shape.vocabulary)


def _write_vocabulary(writer: GGUFWriter, vocabulary: Vocabulary) -> None:
    tokens = vocabulary.tokens
    turn_end = tokens.index(TURN_END)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([_CONTROL if token in CONTROL else _NORMAL for token in tokens])
    writer.add_token_merges(vocabulary.merges)
    writer.add_bos_token_id(tokens.index(END_OF_TEXT))
    writer.add_eos_token_id(turn_end)
    writer.add_eot_token_id(turn_end)
    writer.add_pad_token_id(tokens.index(END_OF_TEXT))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
