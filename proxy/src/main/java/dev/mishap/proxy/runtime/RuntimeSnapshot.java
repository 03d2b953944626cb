package dev.mishap.proxy.runtime;

/** The runtime values of one moment; immutable. A key with no value, or with one of another kind, gives the default. */
public interface RuntimeSnapshot {
    /** A snapshot without any key. */
    RuntimeSnapshot EMPTY = new RuntimeSnapshot() {
        @Override
        public long integer(String key, long defaultValue) {
            return defaultValue;
        }

        @Override
        public boolean bool(String key, boolean defaultValue) {
            return defaultValue;
        }

        @Override
        public double number(String key, double defaultValue) {
            return defaultValue;
        }

        @Override
        public long partsPerMillion(String key, long defaultPartsPerMillion) {
            return defaultPartsPerMillion;
        }
    };

    long integer(String key, long defaultValue);

    boolean bool(String key, boolean defaultValue);

    double number(String key, double defaultValue);

    /**
     * A fraction in millionths: an integer value is a numerator over 100, a {numerator, denominator} struct is a
     * FractionalPercent. May pass 1,000,000, which means always.
     */
    long partsPerMillion(String key, long defaultPartsPerMillion);
}
