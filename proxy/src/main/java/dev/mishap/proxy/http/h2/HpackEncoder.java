package dev.mishap.proxy.http.h2;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.util.Arrays;

/** Writes header blocks (RFC 7541) from a {@link HeaderMap}. One a connection, confined to its loop. */
final class HpackEncoder {
    private static final byte[] TRAILERS = {'t', 'r', 'a', 'i', 'l', 'e', 'r', 's'};
    private static final HeaderName TRACE_PARENT = HeaderName.of("traceparent");
    private static final HeaderName B3_TRACE = HeaderName.of("x-b3-traceid");
    private static final HeaderName B3_SPAN = HeaderName.of("x-b3-spanid");
    private static final HeaderName COOKIE = HeaderName.of("cookie");
    private static final HeaderName SET_COOKIE = HeaderName.of("set-cookie");
    private static final HeaderName AUTHORIZATION = HeaderName.of("authorization");
    private static final HeaderName ETAG = HeaderName.of("etag");

    private final HpackTable table;
    private final int ownLimit;
    private boolean sizeChanged;
    private int smallest = Integer.MAX_VALUE;
    private byte[] out = new byte[0];
    private int at;

    /** @param limit bytes of the table, whatever the peer would allow */
    HpackEncoder(int limit) {
        this.ownLimit = limit;
        this.table = new HpackTable(Math.min(limit, 4096));
        this.sizeChanged = limit < 4096;
        this.smallest = table.maxSize();
    }

    /** The peer allows a table of that size. */
    void peerLimit(long size) {
        int next = (int) Math.min(size, ownLimit);
        if (next != table.maxSize()) {
            sizeChanged = true;
            smallest = Math.min(smallest, next);
            table.maxSize(next);
        }
    }

    /** An upper bound of what {@link #encode} writes. */
    static int bound(HeaderMap headers) {
        return headers.byteSize() + headers.size() * 12 + 16;
    }

    /** Writes the block to {@code to}, which has room for {@link #bound}; pseudo headers first, nothing that is about a connection. */
    int encode(HeaderMap headers, byte[] to) {
        out = to;
        at = 0;
        if (sizeChanged) {
            sizeChanged = false;
            if (smallest < table.maxSize()) {
                integer(0x20, 5, smallest);
            }
            integer(0x20, 5, table.maxSize());
            smallest = Integer.MAX_VALUE;
        }
        int n = headers.size();
        int pseudo = 0;
        for (int i = 0; i < n; i++) {
            if (headers.isPseudo(i)) {
                pseudo++;
                field(headers, i);
            }
        }
        if (pseudo < n) {
            boolean authority = pseudo > 0 && headers.contains(HeaderName.AUTHORITY);
            for (int i = 0; i < n; i++) {
                if (!headers.isPseudo(i) && !ofConnection(headers, i, authority)) {
                    field(headers, i);
                }
            }
        }
        out = EMPTY;
        return at;
    }

    private static final byte[] EMPTY = {};

    private static boolean ofConnection(HeaderMap h, int i, boolean authority) {
        switch (h.nameLength(i)) {
            case 2:
                return h.isNamed(i, HeaderName.TE) && !h.valueEquals(i, TRAILERS);
            case 4:
                return authority && h.isNamed(i, HeaderName.HOST);
            case 7:
                return h.isNamed(i, HeaderName.UPGRADE);
            case 10:
                return h.isNamed(i, HeaderName.CONNECTION) || h.isNamed(i, HeaderName.KEEP_ALIVE);
            case 16:
                return h.isNamed(i, HeaderName.PROXY_CONNECTION);
            case 17:
                return h.isNamed(i, HeaderName.TRANSFER_ENCODING);
            default:
                return false;
        }
    }

    private void field(HeaderMap h, int i) {
        byte[] arena = h.arena();
        int name = h.nameOffset(i);
        int nameLength = h.nameLength(i);
        int value = h.valueOffset(i);
        int valueLength = h.valueLength(i);
        int hash = h.nameHash(i);
        int known = HpackStatic.byName(hash, arena, name, nameLength);
        if (known > 0) {
            for (int k = known; k <= HpackStatic.SIZE && HpackStatic.HASHES[k] == hash; k++) {
                byte[] v = HpackStatic.VALUES[k];
                if (v.length == valueLength && Arrays.equals(v, 0, valueLength, arena, value, value + valueLength)) {
                    integer(0x80, 7, k);
                    return;
                }
            }
        }
        int kind = kind(h, i, nameLength, valueLength);
        if (kind == INDEX && nameLength + valueLength + 32 <= table.maxSize() / 2) {
            int valueHash = HeaderName.hash(arena, value, valueLength);
            int found = table.find(hash, valueHash, arena, name, nameLength, value, valueLength);
            if (found >= 0) {
                integer(0x80, 7, HpackStatic.SIZE + 1 + found);
                return;
            }
            int nameIndex = known > 0 ? known : found < -1 ? HpackStatic.SIZE + 1 + (-2 - found) : 0;
            integer(0x40, 6, nameIndex);
            if (nameIndex == 0) {
                string(arena, name, nameLength);
            }
            table.add(arena, name, nameLength, hash, value, valueLength, valueHash);
        } else {
            integer(kind == NEVER ? 0x10 : 0, 4, known);
            if (known == 0) {
                string(arena, name, nameLength);
            }
        }
        string(arena, value, valueLength);
    }

    private static final int INDEX = 0;
    private static final int PLAIN = 1;
    private static final int NEVER = 2;

    /** What differs with every message would only push out of the table what does not; a secret must not get in. */
    private static int kind(HeaderMap h, int i, int nameLength, int valueLength) {
        switch (nameLength) {
            case 4:
                return h.isNamed(i, ETAG) ? PLAIN : INDEX;
            case 5:
                return h.isNamed(i, HeaderName.PATH) ? PLAIN : INDEX;
            case 6:
                return valueLength < 20 && h.isNamed(i, COOKIE) ? NEVER : INDEX;
            case 8:
                return h.isNamed(i, HeaderName.LOCATION) ? PLAIN : INDEX;
            case 10:
                return h.isNamed(i, SET_COOKIE) ? PLAIN : INDEX;
            case 11:
                return h.isNamed(i, TRACE_PARENT) || h.isNamed(i, B3_SPAN) ? PLAIN : INDEX;
            case 12:
                return h.isNamed(i, HeaderName.X_REQUEST_ID) || h.isNamed(i, B3_TRACE) ? PLAIN : INDEX;
            case 13:
                return h.isNamed(i, AUTHORIZATION) ? NEVER : INDEX;
            case 14:
                return h.isNamed(i, HeaderName.CONTENT_LENGTH) ? PLAIN : INDEX;
            default:
                return INDEX;
        }
    }

    // As it is, not by the Huffman code: what differs from request to request (path, ids, length) would be a quarter
    // shorter, some 30
    // bytes, for several times the work of copying it; what does not is in the table after the first.
    private void string(byte[] from, int offset, int length) {
        integer(0, 7, length);
        System.arraycopy(from, offset, out, at, length);
        at += length;
    }

    private void integer(int first, int prefix, int value) {
        int max = (1 << prefix) - 1;
        if (value < max) {
            out[at++] = (byte) (first | value);
            return;
        }
        out[at++] = (byte) (first | max);
        int rest = value - max;
        while (rest >= 0x80) {
            out[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        out[at++] = (byte) rest;
    }
}
