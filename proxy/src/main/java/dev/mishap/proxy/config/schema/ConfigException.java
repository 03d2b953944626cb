package dev.mishap.proxy.config.schema;

/**
 * A configuration that can't be accepted. The message is for the user: {@code path: problem, got X, expected Y (message.Name)},
 * or Envoy's own wording where Envoy has one.
 */
public class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String message;

    public ConfigException(String message) {
        super(message, null, false, false);
        this.message = message;
    }

    /** Never null, unlike that of other exceptions. */
    @Override
    public final String getMessage() {
        return message;
    }
}
