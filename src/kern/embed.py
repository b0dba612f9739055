#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""embed.py OBJECT NAME OUT.c: a file as the C array NAME and its length NAME_len."""
import sys

source, name, target = sys.argv[1:]
with open(source, "rb") as f:
    data = f.read()
rows = (", ".join(f"0x{b:02x}" for b in data[i:i + 16]) for i in range(0, len(data), 16))
with open(target, "w", encoding="ascii") as f:
    f.write("#include <stddef.h>\n\n")
    f.write(f"extern const unsigned char {name}[];\nextern const size_t {name}_len;\n\n")
    # libbpf reads it as an ELF file: aligned
    f.write(f"const unsigned char {name}[] __attribute__((aligned(8))) = {{\n\t")
    f.write(",\n\t".join(rows))
    f.write(f"\n}};\nconst size_t {name}_len = sizeof({name});\n")
