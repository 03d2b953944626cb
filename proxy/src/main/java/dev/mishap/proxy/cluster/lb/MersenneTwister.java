package dev.mishap.proxy.cluster.lb;

/** MT19937, since the order in which bounded hashing looks at endpoints is that of C++'s {@code std::mt19937}. */
final class MersenneTwister {
    private static final int N = 624;
    private static final int M = 397;

    private final int[] state = new int[N];
    private int at = N;

    MersenneTwister(int seed) {
        state[0] = seed;
        for (int i = 1; i < N; i++) {
            state[i] = 1812433253 * (state[i - 1] ^ state[i - 1] >>> 30) + i;
        }
    }

    /** 32 random bits. */
    int next() {
        if (at == N) {
            twist();
            at = 0;
        }
        int y = state[at++];
        y ^= y >>> 11;
        y ^= y << 7 & 0x9d2c5680;
        y ^= y << 15 & 0xefc60000;
        return y ^ y >>> 18;
    }

    private void twist() {
        for (int i = 0; i < N; i++) {
            int y = state[i] & 0x80000000 | state[(i + 1) % N] & 0x7fffffff;
            state[i] = state[(i + M) % N] ^ y >>> 1 ^ ((y & 1) == 0 ? 0 : 0x9908b0df);
        }
    }

    /** 0 &le; x &lt; k, each as likely. */
    int below(int k) {
        long slice = 0x100000000L / k;
        long x;
        do {
            x = (next() & 0xffffffffL) / slice;
        } while (x >= k);
        return (int) x;
    }
}
