package dev.mishap.proxy.filter.common.dns;

import java.security.SecureRandom;

/** Bits that nobody can foresee who has seen those before, in blocks, since the generator is slow for few. Confined to a loop. */
final class RandomBits {
    private final SecureRandom random = new SecureRandom();
    private final byte[] block = new byte[2048];
    private int used = block.length;

    /** 16 bits. */
    int next16() {
        if (used == block.length) {
            random.nextBytes(block);
            used = 0;
        }
        return (block[used++] & 0xff) << 8 | block[used++] & 0xff;
    }
}
