"""Writes the weights of a GGUF in Hugging Face's layout, which vLLM loads: convert.py IN.gguf OUT_FOLDER"""

import os
import sys

from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

source, target = os.path.abspath(sys.argv[1]), sys.argv[2]
folder, name = os.path.split(source)
model = AutoModelForCausalLM.from_pretrained(
    folder, gguf_file=name, quantization_config=GgufConfig(dequantize=True)
)
model.save_pretrained(target)
AutoTokenizer.from_pretrained(folder, gguf_file=name).save_pretrained(target)
