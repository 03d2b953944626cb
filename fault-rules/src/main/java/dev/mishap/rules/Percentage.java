package dev.mishap.rules;

import java.math.BigDecimal;

/**
 * A share of 0 to 100 %, exact to a millionth, as Envoy's {@code FractionalPercent} with denominator MILLION. No floating
 * point: 0.1 % of a million draws is a thousand.
 *
 * @param millionths 0 (never) to 1,000,000 (always)
 */
public record Percentage(int millionths) implements Comparable<Percentage> {
    public static final int SCALE = 1_000_000;
    public static final Percentage ZERO = new Percentage(0);
    public static final Percentage FULL = new Percentage(SCALE);

    public Percentage {
        if (millionths < 0 || millionths > SCALE) {
            throw new IllegalArgumentException("must be from 0 to 100 %, got " + plain(millionths) + " %");
        }
    }

    public static Percentage ofPercent(int percent) {
        if (percent < 0 || percent > 100) {
            throw new IllegalArgumentException("must be from 0 to 100 %, got " + percent + " %");
        }
        return new Percentage(percent * 10_000);
    }

    /**
     * Reads {@code 40}, {@code 40%} or {@code 0.25%}.
     *
     * @throws IllegalArgumentException when it is no number, out of range or finer than 0.0001 %
     */
    public static Percentage parse(String text) {
        String number =
                text.endsWith("%") ? text.substring(0, text.length() - 1).trim() : text;
        BigDecimal percent;
        try {
            if (number.isEmpty() || number.length() > 20) {
                throw new NumberFormatException();
            }
            percent = new BigDecimal(number);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("expected a percentage such as 40 or 0.5, got '" + text + "'");
        }
        if (percent.signum() < 0 || percent.compareTo(BigDecimal.valueOf(100)) > 0) {
            throw new IllegalArgumentException("must be from 0 to 100 %, got " + number + " %");
        }
        BigDecimal millionths = percent.scaleByPowerOfTen(4);
        if (millionths.stripTrailingZeros().scale() > 0) {
            throw new IllegalArgumentException("must be a multiple of 0.0001 %, got " + number + " %");
        }
        return new Percentage(millionths.intValueExact());
    }

    /** Whether a hash with 64 uniform bits falls in this share. */
    public boolean holds(long hash) {
        return point(hash) < millionths;
    }

    /** Maps 64 uniform bits to 0 … 999,999, each equally likely to within 2^-43. */
    static int point(long hash) {
        return (int) Math.multiplyHigh(hash >>> 1, 2L * SCALE);
    }

    public boolean isFull() {
        return millionths == SCALE;
    }

    @Override
    public int compareTo(Percentage other) {
        return Integer.compare(millionths, other.millionths);
    }

    /** The percentage as a plain decimal without the sign: {@code 40}, {@code 0.5}. */
    public String plain() {
        return plain(millionths);
    }

    private static String plain(int millionths) {
        return BigDecimal.valueOf(millionths, 4).stripTrailingZeros().toPlainString();
    }

    @Override
    public String toString() {
        return plain() + '%';
    }
}
