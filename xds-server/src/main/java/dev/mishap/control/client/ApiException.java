package dev.mishap.control.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A call that the control plane refused, or that did not reach it. */
public final class ApiException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final transient List<String> fields;

    /**
     * @param status of the answer; 0 = there was none
     * @param fields what is wrong with which field
     */
    ApiException(int status, String message, List<String> fields, @Nullable Throwable cause) {
        super(message, cause);
        this.status = status;
        this.fields = List.copyOf(fields);
    }

    public int status() {
        return status;
    }

    public List<String> fields() {
        return fields;
    }
}
