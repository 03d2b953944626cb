package dev.mishap.proxy.cluster.lb;

/** The hash functions of rings and tables, byte for byte those of Envoy: XXH64 and the 64-bit MurmurHash2 of libstdc++. */
public final class Hashes {
    private static final long P1 = 0x9E3779B185EBCA87L;
    private static final long P2 = 0xC2B2AE3D27D4EB4FL;
    private static final long P3 = 0x165667B19E3779F9L;
    private static final long P4 = 0x85EBCA77C2B2AE63L;
    private static final long P5 = 0x27D4EB2F165667C5L;
    private static final long MURMUR = 0xC6A4A7935BD1E995L;
    private static final long MURMUR_SEED = 0xC70F6907L;

    private Hashes() {}

    /** XXH64 of {@code b[0..length)}. */
    public static long xxHash64(byte[] b, int length, long seed) {
        long h;
        int i = 0;
        if (length >= 32) {
            long v1 = seed + P1 + P2;
            long v2 = seed + P2;
            long v3 = seed;
            long v4 = seed - P1;
            for (; i <= length - 32; i += 32) {
                v1 = round(v1, long64(b, i));
                v2 = round(v2, long64(b, i + 8));
                v3 = round(v3, long64(b, i + 16));
                v4 = round(v4, long64(b, i + 24));
            }
            h = Long.rotateLeft(v1, 1) + Long.rotateLeft(v2, 7) + Long.rotateLeft(v3, 12) + Long.rotateLeft(v4, 18);
            h = merge(merge(merge(merge(h, v1), v2), v3), v4);
        } else {
            h = seed + P5;
        }
        h += length;
        for (; i <= length - 8; i += 8) {
            h = Long.rotateLeft(h ^ round(0, long64(b, i)), 27) * P1 + P4;
        }
        if (i <= length - 4) {
            h = Long.rotateLeft(h ^ (int32(b, i) & 0xffffffffL) * P1, 23) * P2 + P3;
            i += 4;
        }
        for (; i < length; i++) {
            h = Long.rotateLeft(h ^ (b[i] & 0xff) * P5, 11) * P1;
        }
        h = (h ^ h >>> 33) * P2;
        h = (h ^ h >>> 29) * P3;
        return h ^ h >>> 32;
    }

    private static long round(long acc, long input) {
        return Long.rotateLeft(acc + input * P2, 31) * P1;
    }

    private static long merge(long acc, long v) {
        return (acc ^ round(0, v)) * P1 + P4;
    }

    /** MurmurHash2 of {@code b[0..length)}, as {@code std::hash} of libstdc++. */
    public static long murmurHash2(byte[] b, int length) {
        long h = MURMUR_SEED ^ length * MURMUR;
        int i = 0;
        for (; i <= length - 8; i += 8) {
            h = (h ^ mix(long64(b, i) * MURMUR) * MURMUR) * MURMUR;
        }
        if (i < length) {
            long tail = 0;
            for (int j = length - 1; j >= i; j--) {
                tail = tail << 8 | b[j] & 0xff;
            }
            h = (h ^ tail) * MURMUR;
        }
        return mix(mix(h) * MURMUR);
    }

    private static long mix(long v) {
        return v ^ v >>> 47;
    }

    private static long long64(byte[] b, int i) {
        return int32(b, i) & 0xffffffffL | (long) int32(b, i + 4) << 32;
    }

    private static int int32(byte[] b, int i) {
        return b[i] & 0xff | (b[i + 1] & 0xff) << 8 | (b[i + 2] & 0xff) << 16 | b[i + 3] << 24;
    }
}
