package dev.mishap.proxy.http.h2;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;

/** Reads header blocks (RFC 7541) straight into the arena of a {@link HeaderMap}. One a connection, confined to its loop. */
final class HpackDecoder {
    /** A block was read to its end. */
    static final int OK = 0;
    /** The block is broken, and with it the connection. */
    static final int BAD = 1;
    /** The block was read to its end, but holds more bytes than may be kept; or more headers. */
    static final int TOO_LARGE = 2;

    static final int TOO_MANY = 3;

    private final HpackTable table;
    private final int maxTableSize;
    private int at;

    /** @param maxTableSize what our SETTINGS allow the peer */
    HpackDecoder(int maxTableSize) {
        this.maxTableSize = maxTableSize;
        this.table = new HpackTable(maxTableSize);
    }

    /**
     * Reads one block.
     *
     * @param maxBytes of names and values together that are kept
     * @param maxEntries that are kept
     */
    int decode(byte[] in, int from, int to, HeaderMap target, int maxBytes, int maxEntries) {
        at = from;
        boolean sizeMayChange = true;
        int outcome = OK;
        int bytes = 0;
        while (at < to) {
            int b = in[at++];
            if (b < 0) {
                int index = integer(b & 0x7f, 7, in, to);
                if (index <= 0) {
                    return BAD;
                }
                int length = indexed(index, target, outcome != OK);
                if (length < 0) {
                    return BAD;
                }
                bytes += length;
            } else if ((b & 0xe0) == 0x20) {
                int size = integer(b & 0x1f, 5, in, to);
                if (!sizeMayChange || size < 0 || size > maxTableSize) {
                    return BAD;
                }
                table.maxSize(size);
                continue;
            } else {
                boolean index = (b & 0x40) != 0;
                int name = index ? integer(b & 0x3f, 6, in, to) : integer(b & 0xf, 4, in, to);
                if (name < 0) {
                    return BAD;
                }
                int length = literal(name, index, in, to, target, outcome != OK);
                if (length < 0) {
                    return BAD;
                }
                bytes += length;
            }
            sizeMayChange = false;
            // What is too much is read on, since the table must stay the peer's, but not kept.
            if (outcome == OK) {
                outcome = bytes > maxBytes ? TOO_LARGE : target.size() > maxEntries ? TOO_MANY : OK;
            }
        }
        return outcome;
    }

    private int indexed(int index, HeaderMap target, boolean skip) {
        if (index <= HpackStatic.SIZE) {
            byte[] name = HpackStatic.NAMES[index];
            byte[] value = HpackStatic.VALUES[index];
            if (!skip) {
                add(target, name, 0, name.length, HpackStatic.HASHES[index], value, 0, value.length);
            }
            return name.length + value.length;
        }
        int i = index - HpackStatic.SIZE - 1;
        if (i >= table.count()) {
            return -1;
        }
        int nameLength = table.nameLength(i);
        int valueLength = table.valueLength(i);
        if (!skip) {
            int o = table.offset(i);
            byte[] from = table.bytes();
            add(target, from, o, nameLength, table.nameHash(i), from, o + nameLength, valueLength);
        }
        return nameLength + valueLength;
    }

    private static void add(
            HeaderMap target,
            byte[] name,
            int nameFrom,
            int nameLength,
            int hash,
            byte[] value,
            int valueFrom,
            int valueLength) {
        int nameAt = target.append(name, nameFrom, nameLength);
        separator(target);
        int valueAt = target.append(value, valueFrom, valueLength);
        target.addEntry(nameAt, nameLength, hash, valueAt, valueLength);
    }

    /** Names and values are kept as "name: value", so that the HTTP/1 codec copies a line at once. */
    private static void separator(HeaderMap target) {
        int o = target.reserve(2);
        byte[] arena = target.arena();
        arena[o] = ':';
        arena[o + 1] = ' ';
        target.commit(2);
    }

    private int literal(int nameIndex, boolean keep, byte[] in, int to, HeaderMap target, boolean skip) {
        int start = target.used();
        int nameLength;
        int hash;
        if (nameIndex == 0) {
            nameLength = string(in, to, target); // an empty name breaks the message, not the connection's table
            if (nameLength < 0) {
                return -1;
            }
            hash = HeaderName.hash(target.arena(), start, nameLength);
        } else if (nameIndex <= HpackStatic.SIZE) {
            byte[] name = HpackStatic.NAMES[nameIndex];
            nameLength = name.length;
            hash = HpackStatic.HASHES[nameIndex];
            target.append(name, 0, nameLength);
        } else {
            int i = nameIndex - HpackStatic.SIZE - 1;
            if (i >= table.count()) {
                return -1;
            }
            nameLength = table.nameLength(i);
            hash = table.nameHash(i);
            target.append(table.bytes(), table.offset(i), nameLength);
        }
        separator(target);
        int valueAt = target.used();
        int valueLength = string(in, to, target);
        if (valueLength < 0) {
            return -1;
        }
        if (keep) {
            table.add(target.arena(), start, nameLength, hash, valueAt, valueLength, 0);
        }
        if (skip) {
            target.truncate(start);
        } else {
            target.addEntry(start, nameLength, hash, valueAt, valueLength);
        }
        return nameLength + valueLength;
    }

    /** Reads a string to the end of the arena and returns its length, or -1. */
    private int string(byte[] in, int to, HeaderMap target) {
        if (at >= to) {
            return -1;
        }
        int b = in[at++];
        int length = integer(b & 0x7f, 7, in, to);
        if (length < 0 || length > to - at) {
            return -1;
        }
        int from = at;
        at += length;
        if (b >= 0) {
            target.append(in, from, length);
            return length;
        }
        int o = target.reserve(HpackHuffman.maxDecoded(length));
        int end = HpackHuffman.decode(in, from, at, target.arena(), o);
        if (end < 0) {
            return -1;
        }
        target.commit(end - o);
        return end - o;
    }

    /** Reads the rest of an integer whose prefix holds {@code start}; -1 when it has no end or is beyond reason. */
    private int integer(int start, int prefix, byte[] in, int to) {
        if (start < (1 << prefix) - 1) {
            return start;
        }
        long value = start;
        for (int shift = 0; at < to && shift <= 28; shift += 7) {
            int b = in[at++];
            value += (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value > Integer.MAX_VALUE ? -1 : (int) value;
            }
        }
        return -1;
    }
}
