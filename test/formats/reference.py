"""Values of bitsandbytes' and torch's CPU functions for test/formats/main.ts: reads floats, writes what they become."""

import sys
from pathlib import Path

import bitsandbytes
import numpy
import torch
from bitsandbytes import functional

folder = Path(sys.argv[1])


def read(name):
    return torch.from_numpy(numpy.fromfile(folder / name, dtype=numpy.float32).copy())


def write(name, tensor):
    (folder / name).write_bytes(tensor.contiguous().numpy().tobytes())


write("e4m3.bin", read("e4m3-input.bin").to(torch.float8_e4m3fn).view(torch.uint8))
write("dynamic-levels.bin", functional.create_dynamic_map(signed=True).to(torch.float32))
weights = read("nf4-input.bin")
for name, is_double in (("single", False), ("double", True)):
    packed, state = functional.quantize_4bit(
        weights, blocksize=64, compress_statistics=is_double, quant_type="nf4"
    )
    write(f"nf4-{name}.bin", functional.dequantize_4bit(packed, state).to(torch.float32))
    if is_double:
        # What its second quantization worked with: the mean of the scales, its table, and the scales that came out.
        write("scale-mean.bin", state.offset.reshape(1).to(torch.float32))
        write("scale-levels.bin", state.state2.code.to(torch.float32))
        scales = functional.dequantize_blockwise(state.absmax, state.state2) + state.offset
        write("scales.bin", scales.to(torch.float32))
print(f"torch {torch.__version__}, bitsandbytes {bitsandbytes.__version__}")
