package dev.mishap.rules;

import java.nio.charset.StandardCharsets;

/**
 * XXH64 as its public specification describes it, over strings whose characters are bytes (ISO-8859-1, as header values are).
 * Cohorts are defined by it, so its results must never change: other proxies and tools compute the same.
 */
public final class XxHash64 {
    private static final long P1 = 0x9E3779B185EBCA87L;
    private static final long P2 = 0xC2B2AE3D27D4EB4FL;
    private static final long P3 = 0x165667B19E3779F9L;
    private static final long P4 = 0x85EBCA77C2B2AE63L;
    private static final long P5 = 0x27D4EB2F165667C5L;

    private XxHash64() {}

    /** The hash of a string's UTF-8 bytes, seed 0. */
    public static long ofText(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return hash(new String(utf8, StandardCharsets.ISO_8859_1), 0, utf8.length, 0);
    }

    static long hash(CharSequence s, int from, int to, long seed) {
        int length = to - from;
        int at = from;
        long h;
        if (length >= 32) {
            long v1 = seed + P1 + P2;
            long v2 = seed + P2;
            long v3 = seed;
            long v4 = seed - P1;
            do {
                v1 = round(v1, eight(s, at));
                v2 = round(v2, eight(s, at + 8));
                v3 = round(v3, eight(s, at + 16));
                v4 = round(v4, eight(s, at + 24));
                at += 32;
            } while (to - at >= 32);
            h = Long.rotateLeft(v1, 1) + Long.rotateLeft(v2, 7) + Long.rotateLeft(v3, 12) + Long.rotateLeft(v4, 18);
            h = merge(merge(merge(merge(h, v1), v2), v3), v4);
        } else {
            h = seed + P5;
        }
        h += length;
        for (; to - at >= 8; at += 8) {
            h = Long.rotateLeft(h ^ round(0, eight(s, at)), 27) * P1 + P4;
        }
        if (to - at >= 4) {
            h = Long.rotateLeft(h ^ four(s, at) * P1, 23) * P2 + P3;
            at += 4;
        }
        for (; at < to; at++) {
            h = Long.rotateLeft(h ^ (s.charAt(at) & 0xff) * P5, 11) * P1;
        }
        return finish(h);
    }

    /** The hash of bytes. */
    static long hash(byte[] bytes, int from, int to, long seed) {
        long h = seed + P5 + (to - from);
        int at = from;
        assert to - from < 32;
        for (; to - at >= 8; at += 8) {
            long v = 0;
            for (int i = 7; i >= 0; i--) {
                v = v << 8 | bytes[at + i] & 0xff;
            }
            h = Long.rotateLeft(h ^ round(0, v), 27) * P1 + P4;
        }
        if (to - at >= 4) {
            long v = (bytes[at] & 0xffL)
                    | (bytes[at + 1] & 0xffL) << 8
                    | (bytes[at + 2] & 0xffL) << 16
                    | (bytes[at + 3] & 0xffL) << 24;
            h = Long.rotateLeft(h ^ v * P1, 23) * P2 + P3;
            at += 4;
        }
        for (; at < to; at++) {
            h = Long.rotateLeft(h ^ (bytes[at] & 0xff) * P5, 11) * P1;
        }
        return finish(h);
    }

    /** Spreads every bit of {@code h} over all 64: XXH64's last step. */
    static long finish(long h) {
        h = (h ^ h >>> 33) * P2;
        h = (h ^ h >>> 29) * P3;
        return h ^ h >>> 32;
    }

    private static long round(long acc, long input) {
        return Long.rotateLeft(acc + input * P2, 31) * P1;
    }

    private static long merge(long h, long v) {
        return (h ^ round(0, v)) * P1 + P4;
    }

    private static long four(CharSequence s, int at) {
        return (s.charAt(at) & 0xffL)
                | (s.charAt(at + 1) & 0xffL) << 8
                | (s.charAt(at + 2) & 0xffL) << 16
                | (s.charAt(at + 3) & 0xffL) << 24;
    }

    private static long eight(CharSequence s, int at) {
        return four(s, at) | four(s, at + 4) << 32;
    }
}
