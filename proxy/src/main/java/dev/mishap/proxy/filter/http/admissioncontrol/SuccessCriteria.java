package dev.mishap.proxy.filter.http.admissioncontrol;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import java.util.BitSet;

/** Which statuses are successes. Immutable. */
final class SuccessCriteria {
    private static final int LOWEST = 100;
    private static final int BEYOND = 600;
    private static final int LAST_GRPC = 16;

    /** All but DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE and DATA_LOSS. */
    private static final int[] GRPC_BY_DEFAULT = {0, 1, 2, 3, 5, 6, 7, 9, 11, 12, 16};

    private final BitSet http = new BitSet(BEYOND);
    private final BitSet grpc = new BitSet(LAST_GRPC + 1);

    /** @param node {@code AdmissionControl.SuccessCriteria} */
    SuccessCriteria(ConfigNode node) {
        ConfigNode ofHttp = node.message("http_criteria");
        if (ofHttp == null) {
            http.set(LOWEST, 500);
        } else {
            for (ConfigNode range : ofHttp.messages("http_success_status")) {
                int from = (int) range.integer("start", 0);
                int to = (int) range.integer("end", 0);
                if (from >= to || from < LOWEST || to > BEYOND) {
                    throw new ConfigException("invalid HTTP range: [" + from + ", " + to + ")");
                }
                http.set(from, to);
            }
        }
        ConfigNode ofGrpc = node.message("grpc_criteria");
        if (ofGrpc == null) {
            for (int status : GRPC_BY_DEFAULT) {
                grpc.set(status);
            }
        } else {
            for (long status : ofGrpc.integers("grpc_success_status")) {
                if (status > LAST_GRPC) {
                    throw new ConfigException("invalid gRPC code " + status);
                }
                grpc.set((int) status);
            }
        }
    }

    boolean ofHttp(int status) {
        return status >= 0 && http.get(status);
    }

    /** Whether the value of a {@code grpc-status} header is a success; what is no number is none. */
    boolean ofGrpc(String status) {
        try {
            int number = Integer.parseInt(status);
            return number >= 0 && grpc.get(number);
        } catch (NumberFormatException e) {
            return false;
        }
    }
}
