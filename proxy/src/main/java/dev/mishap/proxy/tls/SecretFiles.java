package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.DataSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Certificates and keys as a configuration gives them. */
final class SecretFiles {
    private SecretFiles() {}

    /** What errors and /certs call the place. */
    static String path(@Nullable ConfigNode source) {
        if (source == null) {
            return "";
        }
        return "filename".equals(source.oneof("specifier")) ? source.string("filename") : "<inline>";
    }

    /** The bytes; none when the source is absent or its file is, which the caller calls incomplete. */
    static byte[] readOrEmpty(@Nullable ConfigNode source) {
        if (source == null) {
            return new byte[0];
        }
        try {
            return DataSource.bytes(source);
        } catch (ConfigException e) {
            return new byte[0];
        }
    }

    /** The bytes of a source that must not be empty. */
    static byte[] read(ConfigNode source) {
        byte[] bytes = DataSource.bytes(source);
        if (bytes.length == 0) {
            throw new ConfigException(
                    "filename".equals(source.oneof("specifier"))
                            ? "file " + source.string("filename") + " is empty"
                            : "DataSource cannot be empty");
        }
        return bytes;
    }

    /**
     * The directories whose changes mean that a secret is to be read again.
     *
     * @param always whether the directories of its files count as well, as they do for secrets that SDS delivers
     */
    static List<Path> watched(ConfigNode message, boolean always, String... fields) {
        List<Path> all = new ArrayList<>();
        boolean named = !message.messageName().endsWith(".GenericSecret"); // which has no such field
        ConfigNode directory = named ? message.message("watched_directory") : null;
        if (directory != null) {
            all.add(Path.of(directory.string("path")));
        } else if (always) {
            for (String field : fields) {
                ConfigNode source = message.message(field);
                if (source != null && "filename".equals(source.oneof("specifier"))) {
                    Path parent =
                            Path.of(source.string("filename")).toAbsolutePath().getParent();
                    if (parent != null && !all.contains(parent)) {
                        all.add(parent);
                    }
                }
            }
        }
        return all;
    }
}
