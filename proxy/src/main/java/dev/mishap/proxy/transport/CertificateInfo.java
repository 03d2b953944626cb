package dev.mishap.proxy.transport;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The certificates of the process, for the admin server and the stats. */
public interface CertificateInfo {
    /** What {@code /certs} shows: one object for each context, as plain values. */
    List<Object> certificates();

    /** Whole days until the first certificate ends; null when there are none. */
    @Nullable
    Long daysUntilFirstExpires();
}
