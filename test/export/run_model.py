"""Greedy picks of an exported model along given tokens, for test/export/main.ts.

Arguments: onnx, executorch or litert, the model's file, a JSON file {"tokens": [...], "from": N}. Prints {"picks": [...]}: what the model
holds for the likeliest next token after each of tokens[N - 1] to the one before the last.
"""

import json
import sys
from pathlib import Path

import numpy

kind, model, request_path = sys.argv[1:4]
with open(request_path, encoding="utf-8") as file:
    request = json.load(file)
tokens, first = request["tokens"], request["from"]


def onnx_picks():
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    config = json.loads((Path(model).parent / "config.json").read_text(encoding="utf-8"))
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    ids = numpy.array([tokens[:-1]], dtype=numpy.int64)
    feed = {}
    for value in session.get_inputs():
        if value.name == "input_ids":
            feed[value.name] = ids
        elif value.name == "attention_mask":
            feed[value.name] = numpy.ones_like(ids)
        elif value.name == "position_ids":
            feed[value.name] = numpy.arange(ids.shape[1], dtype=numpy.int64)[None]
        else:
            # An empty cache: batch, heads, nothing yet, head length.
            shape = [1, config["num_key_value_heads"], 0, config["head_dim"]]
            kinds = {"tensor(float)": numpy.float32, "tensor(float16)": numpy.float16}
            feed[value.name] = numpy.zeros(shape, dtype=kinds[value.type])
    logits = session.run(["logits"], feed)[0]
    return logits[0, first - 1 :].argmax(axis=-1).tolist()


def executorch_picks():
    import torch
    from executorch.extension.llm.custom_ops import custom_ops  # noqa: F401, registers the attention that keeps a cache
    from executorch.runtime import Runtime

    method = Runtime.get().load_program(model).load_method("forward")
    picks = []
    position = 0
    for chunk in [tokens[:first]] + [[token] for token in tokens[first:-1]]:
        logits = method.execute([torch.tensor([chunk]), torch.tensor([position])])[0]
        picks.append(int(logits.reshape(-1, logits.shape[-1])[-1].argmax()))
        position += len(chunk)
    return picks


def litert_picks():
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=model, num_threads=2)
    decode = interpreter.get_signature_runner("decode")
    feed = {}
    for name, details in decode.get_input_details().items():
        feed[name] = numpy.zeros(details["shape"], details["dtype"])
    picks = []
    for position, token in enumerate(tokens[:-1]):
        feed["tokens"][:] = token
        feed["input_pos"][:] = position
        # Added to the scores: what lies ahead is not looked at.
        mask = feed["mask"]
        mask[...] = mask.dtype == bool or 0
        mask[..., position + 1 :] = False if mask.dtype == bool else numpy.finfo(mask.dtype).min
        results = decode(**feed)
        feed.update((name, value) for name, value in results.items() if name in feed)
        if position >= first - 1:
            picks.append(int(results["logits"].reshape(-1).argmax()))
    return picks


runners = {"onnx": onnx_picks, "executorch": executorch_picks, "litert": litert_picks}
print(json.dumps({"picks": runners[kind]()}))
