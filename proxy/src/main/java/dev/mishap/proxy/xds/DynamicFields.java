package dev.mishap.proxy.xds;

import dev.mishap.proxy.observe.stats.Counter;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of fields of dynamic configuration that the schema does not have: by default they are dropped with a warning and
 * counted in {@code server.dynamic_unknown_fields}.
 */
public final class DynamicFields {
    private static final Logger LOG = LoggerFactory.getLogger("config");

    private final boolean reject;
    private final boolean ignore;
    private final Counter unknown;

    /**
     * @param reject {@code --reject-unknown-dynamic-fields}
     * @param ignore {@code --ignore-unknown-dynamic-fields}: neither counted nor warned about
     */
    public DynamicFields(boolean reject, boolean ignore, Counter unknown) {
        this.reject = reject;
        this.ignore = ignore;
        this.unknown = unknown;
    }

    boolean reject() {
        return reject;
    }

    void dropped(List<String> fields) {
        if (ignore) {
            return;
        }
        for (String field : fields) {
            unknown.inc();
            LOG.warn("Unknown field: {}", field);
        }
    }
}
