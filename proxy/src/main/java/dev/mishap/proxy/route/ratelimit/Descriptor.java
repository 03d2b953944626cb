package dev.mishap.proxy.route.ratelimit;

import java.util.List;

/** Keys and values, in order, that say what a limit is for. Equal by value. */
public record Descriptor(List<Entry> entries) {
    /**
     * One key and its value.
     *
     * @param value one char a byte when it comes from a request
     */
    public record Entry(String key, String value) {
        @Override
        public String toString() {
            return key + "=" + value;
        }
    }

    /** {@code a=b, c=d}, as Envoy writes it. */
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder();
        for (Entry e : entries) {
            out.append(out.length() == 0 ? "" : ", ").append(e);
        }
        return out.toString();
    }
}
