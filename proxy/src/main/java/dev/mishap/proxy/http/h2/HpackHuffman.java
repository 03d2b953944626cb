package dev.mishap.proxy.http.h2;

/**
 * The Huffman code of RFC 7541, appendix B, for reading. The code is canonical, so that the lengths say all; it is read four bits
 * at a time by a state machine made of them.
 */
final class HpackHuffman {
    private static final int EOS = 256;
    /** Bits of each symbol's code. */
    private static final byte[] LENGTHS = {
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28,
        28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15,
        6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22,
        20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23,
        23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22,
        22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26,
        27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27,
        26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30
    };

    private static final int MAX_BITS = 30;
    private static final int NIBBLE = 16;
    private static final int FAIL = 1 << 30;
    private static final int EMIT = 1 << 29;
    private static final int ACCEPT = 1 << 28;
    /** state × nibble: flags, the byte to emit at bits 16..23, the next state below. */
    private static final int[] NEXT = build();

    private HpackHuffman() {}

    private static int[] build() {
        // The tree: two children a node, as node number, or -1 - symbol for a leaf; node 0 is the root and no one's
        // child.
        int[][] tree = new int[EOS + 1][2];
        int nodes = 1;
        int code = 0;
        for (int bits = 1; bits <= MAX_BITS; bits++) {
            code <<= 1;
            for (int symbol = 0; symbol <= EOS; symbol++) {
                if (LENGTHS[symbol] == bits) {
                    int node = 0;
                    for (int i = bits - 1; i > 0; i--) {
                        int bit = code >> i & 1;
                        if (tree[node][bit] == 0) {
                            tree[node][bit] = nodes++;
                        }
                        node = tree[node][bit];
                    }
                    tree[node][code & 1] = -1 - symbol;
                    code++;
                }
            }
        }
        boolean[] padding = new boolean[nodes];
        for (int node = 0, i = 0; i < 8; i++) {
            padding[node] = true; // up to seven ones may fill the last byte
            node = tree[node][1];
        }
        int[] next = new int[nodes * NIBBLE];
        for (int state = 0; state < nodes; state++) {
            for (int nibble = 0; nibble < NIBBLE; nibble++) {
                next[state * NIBBLE + nibble] = step(tree, padding, state, nibble);
            }
        }
        return next;
    }

    private static int step(int[][] tree, boolean[] padding, int state, int nibble) {
        int node = state;
        int emitted = 0; // no code is shorter than five bits: at most one symbol ends in a nibble
        for (int i = 3; i >= 0; i--) {
            int child = tree[node][nibble >> i & 1];
            if (child < 0) {
                int symbol = -1 - child;
                if (symbol == EOS) {
                    return FAIL;
                }
                emitted = EMIT | symbol << 16;
                node = 0;
            } else {
                node = child;
            }
        }
        return emitted | (padding[node] ? ACCEPT : 0) | node;
    }

    /** The most bytes that {@code length} encoded ones may stand for. */
    static int maxDecoded(int length) {
        return length * 8 / 5 + 1;
    }

    /** Decodes into {@code out} and returns where the text ends there, or -1 when the code is bad. */
    static int decode(byte[] in, int from, int to, byte[] out, int at) {
        int state = 0;
        int step = ACCEPT;
        int end = at;
        for (int i = from; i < to; i++) {
            int b = in[i];
            step = NEXT[state * NIBBLE + (b >> 4 & 15)];
            if ((step & EMIT) != 0) {
                out[end++] = (byte) (step >> 16);
            }
            if ((step & FAIL) != 0) {
                return -1;
            }
            state = step & 0xffff;
            step = NEXT[state * NIBBLE + (b & 15)];
            if ((step & EMIT) != 0) {
                out[end++] = (byte) (step >> 16);
            }
            if ((step & FAIL) != 0) {
                return -1;
            }
            state = step & 0xffff;
        }
        return (step & ACCEPT) != 0 ? end : -1;
    }
}
