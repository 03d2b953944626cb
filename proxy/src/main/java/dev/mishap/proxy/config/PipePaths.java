package dev.mishap.proxy.config;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import java.nio.charset.StandardCharsets;

/** What the path of a unix socket must be. */
public final class PipePaths {
    /** As many bytes as {@code sun_path} has, less the one that ends it. */
    private static final int MOST = 107;

    private PipePaths() {}

    /**
     * Checks {@code envoy.config.core.v3.Pipe}.
     *
     * @param hint what to append to messages
     */
    public static void check(ConfigNode pipe, String hint) {
        String path = pipe.string("path");
        if (path.indexOf(0) >= 0) {
            throw new ConfigException("UNIX domain socket pathname contains embedded null characters" + hint);
        }
        if (path.getBytes(StandardCharsets.UTF_8).length > MOST) {
            throw new ConfigException(
                    "Path \"" + path + "\" exceeds maximum UNIX domain socket path size of 108." + hint);
        }
    }
}
