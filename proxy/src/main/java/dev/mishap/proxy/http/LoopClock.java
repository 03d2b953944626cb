package dev.mishap.proxy.http;

import io.netty.util.concurrent.FastThreadLocal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;

/** What an event loop's streams share: the text of the date header, the wall clock in nanoseconds, and random request ids. */
final class LoopClock {
    private static final DateTimeFormatter HTTP_DATE = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.ISO_8859_1);
    private static final long SECOND = 1_000_000_000L;

    private static final FastThreadLocal<LoopClock> CURRENT = new FastThreadLocal<>() {
        @Override
        protected LoopClock initialValue() {
            return new LoopClock();
        }
    };

    // Seeded from the system's clock and identity by the library; a SecureRandom would load its providers for one
    // number.
    private final SplittableRandom random =
            new SplittableRandom(ThreadLocalRandom.current().nextLong());
    private final byte[] uuid = new byte[36];
    private byte[] date = new byte[0];
    private long anchorNanos;
    private long anchorEpochNanos;
    private long nextSecondNanos;

    private LoopClock() {
        refresh(System.nanoTime());
    }

    /** The clock of the calling event loop. */
    static LoopClock current() {
        return CURRENT.get();
    }

    /** Wall clock at {@code nanoTime}, in nanoseconds since the epoch; follows steps of the system's clock within a second. */
    long epochNanos(long nanoTime) {
        if (nanoTime - nextSecondNanos >= 0) {
            refresh(nanoTime);
        }
        return anchorEpochNanos + (nanoTime - anchorNanos);
    }

    /** The value of a date header at {@code nanoTime}; shared, not to be changed. */
    byte[] date(long nanoTime) {
        if (nanoTime - nextSecondNanos >= 0) {
            refresh(nanoTime);
        }
        return date;
    }

    private void refresh(long nanoTime) {
        Instant now = Instant.now();
        anchorNanos = nanoTime;
        anchorEpochNanos = now.getEpochSecond() * SECOND + now.getNano();
        nextSecondNanos = nanoTime + SECOND - now.getNano();
        date = HTTP_DATE.format(now).getBytes(StandardCharsets.ISO_8859_1);
    }

    /** A random (version 4) UUID as text; the array is used again by the next call. */
    byte[] uuid() {
        long high = random.nextLong() & 0xffffffffffff0fffL | 0x4000L;
        long low = random.nextLong() & 0x3fffffffffffffffL | 0x8000000000000000L;
        hex(high >>> 32, 0, 8);
        uuid[8] = '-';
        hex(high >>> 16, 9, 4);
        uuid[13] = '-';
        hex(high, 14, 4);
        uuid[18] = '-';
        hex(low >>> 48, 19, 4);
        uuid[23] = '-';
        hex(low, 24, 12);
        return uuid;
    }

    private void hex(long bits, int at, int digits) {
        for (int i = at + digits - 1; i >= at; i--) {
            uuid[i] = HEX[(int) bits & 15];
            bits >>>= 4;
        }
    }
}
