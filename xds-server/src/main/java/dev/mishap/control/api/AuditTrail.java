package dev.mishap.control.api;

import dev.mishap.control.security.Caller;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The audit log as the API needs it. Writes of rules are recorded with the write itself, by the registry. */
public interface AuditTrail {
    /** Keeps nothing. */
    AuditTrail NONE = new AuditTrail() {
        @Override
        public void record(
                Caller caller,
                String action,
                String target,
                @Nullable Map<String, Object> before,
                @Nullable Map<String, Object> after,
                @Nullable String note) {}

        @Override
        public Part list(long from, int limit) {
            return new Part(List.of(), 0);
        }
    };

    /**
     * A part of the log.
     *
     * @param lines JSON, each an entry
     * @param next to go on with; 0 = this is the end
     */
    record Part(List<String> lines, long next) {
        public Part {
            lines = List.copyOf(lines);
        }
    }

    /** Records what a caller did; it is durable when this returns. */
    void record(
            Caller caller,
            String action,
            String target,
            @Nullable Map<String, Object> before,
            @Nullable Map<String, Object> after,
            @Nullable String note);

    /** Entries in order. @param from the first sequence, from 1 */
    Part list(long from, int limit);
}
