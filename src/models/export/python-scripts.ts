/** Short programs for the tools' own Python, where a tool has no command of its own for a step. */

/**
 * Of a Hugging Face folder what ExecuTorch's `export_llm` reads: checkpoint.pth with Meta's names, and params.json. Arguments: the
 * folder, the folder to write into. Its own converters want torchtune, and models by name.
 */
export const executorchCheckpointScript = `
import json, re, sys
from pathlib import Path
import torch
from safetensors.torch import load_file

source, target = Path(sys.argv[1]), Path(sys.argv[2])
config = json.loads((source / "config.json").read_text())
tensors = {}
for file in sorted(source.glob("*.safetensors")):
    tensors.update(load_file(file))
parts = {
    "self_attn.q_proj": "attention.wq", "self_attn.k_proj": "attention.wk",
    "self_attn.v_proj": "attention.wv", "self_attn.o_proj": "attention.wo",
    "mlp.gate_proj": "feed_forward.w1", "mlp.down_proj": "feed_forward.w2", "mlp.up_proj": "feed_forward.w3",
    "input_layernorm": "attention_norm", "post_attention_layernorm": "ffn_norm",
}
fixed = {
    "model.embed_tokens.weight": "tok_embeddings.weight",
    "model.norm.weight": "norm.weight", "lm_head.weight": "output.weight",
}
renamed = {}
for name, tensor in tensors.items():
    block = re.fullmatch(r"model\\.layers\\.(\\d+)\\.(.+)\\.(weight|bias)", name)
    known = fixed.get(name) if block is None else f"layers.{block[1]}.{parts[block[2]]}.{block[3]}"
    renamed[known] = tensor.to(torch.float32)
renamed.setdefault("output.weight", renamed["tok_embeddings.weight"])
theta = config.get("rope_theta") or config["rope_parameters"]["rope_theta"]
params = {
    "dim": config["hidden_size"], "hidden_dim": config["intermediate_size"],
    "n_heads": config["num_attention_heads"], "n_kv_heads": config["num_key_value_heads"],
    "n_layers": config["num_hidden_layers"], "norm_eps": config["rms_norm_eps"],
    "rope_theta": theta, "use_scaled_rope": False, "use_hf_rope": True,
    "vocab_size": config["vocab_size"], "attention_qkv_bias": config["model_type"] == "qwen2",
}
target.mkdir(parents=True, exist_ok=True)
torch.save(renamed, target / "checkpoint.pth")
(target / "params.json").write_text(json.dumps(params))
`;

/**
 * A Hugging Face folder as a Core ML package that takes token ids of a fixed length and gives logits. Arguments: the folder, the
 * package, the number of tokens, fp16 or fp32.
 */
export const coremlScript = `
import sys
import coremltools, numpy, torch
from transformers import AutoModelForCausalLM

source, package, length, precision = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32, attn_implementation="eager").eval()

class Logits(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = model
        mask = torch.full((length, length), torch.finfo(torch.float16).min).triu(1)
        self.register_buffer("mask", mask[None, None])

    def forward(self, input_ids):
        return self.model(input_ids=input_ids.long(), attention_mask=self.mask, use_cache=False).logits

example = torch.zeros((1, length), dtype=torch.int32)
with torch.no_grad():
    traced = torch.jit.trace(Logits(), example, check_trace=False)
converted = coremltools.convert(
    traced,
    inputs=[coremltools.TensorType(name="input_ids", shape=example.shape, dtype=numpy.int32)],
    outputs=[coremltools.TensorType(name="logits")],
    compute_precision=coremltools.precision.FLOAT16 if precision == "fp16" else coremltools.precision.FLOAT32,
    minimum_deployment_target=coremltools.target.iOS18,
)
converted.save(package)
`;

/**
 * litert-torch leaves its files in a temporary folder inside the output, the unquantized one beside the quantized. Takes the one that
 * was asked for out of it as model.tflite. Argument: the output.
 */
export const litertTidyScript = `
import shutil, sys
from pathlib import Path

output = Path(sys.argv[1])
made = sorted(output.rglob("*.tflite"))
quantized = [file for file in made if file.stem.endswith("_quantized")]
if not made:
    sys.exit("litert-torch left no .tflite file")
(quantized or made)[-1].rename(output / "model.tflite")
for entry in list(output.iterdir()):
    if entry.is_dir():
        shutil.rmtree(entry)
    elif entry.suffix == ".tflite" and entry.name != "model.tflite":
        entry.unlink()
`;
