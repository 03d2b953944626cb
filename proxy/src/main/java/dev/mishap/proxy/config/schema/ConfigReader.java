package dev.mishap.proxy.config.schema;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads a message of the configuration from any of its four forms. What can't be read is a {@link ConfigException} in Envoy's
 * words; constraints are checked apart, by {@link ConfigCheck}.
 */
public final class ConfigReader {
    private final boolean tolerateUnknown;
    private final List<String> unknownFields = new ArrayList<>();

    private ConfigReader(boolean tolerateUnknown) {
        this.tolerateUnknown = tolerateUnknown;
    }

    /** A reader to which a field or enum value that the schema does not have is an error. */
    public static ConfigReader strict() {
        return new ConfigReader(false);
    }

    /** A reader that drops fields and enum values that the schema does not have, and lists them in {@link #unknownFields}. */
    public static ConfigReader lenient() {
        return new ConfigReader(true);
    }

    /** A message that is read strictly from YAML and meets its constraints. */
    public static ConfigNode checkedYaml(String messageName, String text) {
        ConfigNode node = strict().yaml(messageName, text);
        ConfigCheck.constraints(node);
        return node;
    }

    /** What a lenient reader dropped so far, one description each. */
    public List<String> unknownFields() {
        return unknownFields;
    }

    public ConfigNode yaml(String messageName, String text) {
        SourceValue source = YamlSource.read(text);
        if (source == null || source.kind != SourceValue.Kind.MAP && source.kind != SourceValue.Kind.LIST) {
            throw new ConfigException("Unable to convert YAML as JSON: " + (source == null ? "" : source.text));
        }
        return map(messageName, source);
    }

    public ConfigNode json(String messageName, String text) {
        return map(messageName, JsonSource.read(text));
    }

    public ConfigNode textProto(String messageName, String text) {
        Problems problems = new Problems(messageName);
        MessageNode node = MessageNode.root(type(messageName), "");
        new TextReader(text, problems).document(node);
        finish(problems);
        return node;
    }

    /** Reads the wire format; {@code path} is what paths in messages start with, for a resource the name of its kind, or "". */
    public ConfigNode binary(String messageName, byte[] bytes, String path) {
        Problems problems = new Problems(messageName);
        MessageNode node = MessageNode.root(type(messageName), path);
        new BinaryReader(problems).message(new WireReader(bytes, 0, bytes.length), node, 0);
        finish(problems);
        return node;
    }

    /**
     * Reads a file by the form that its name tells: {@code .yaml}, {@code .yml}, {@code .pb}, {@code .pb_text}; any other name
     * is JSON, as in Envoy. Limit: 64 MiB.
     */
    public ConfigNode file(String messageName, Path file) {
        byte[] bytes = bytes(file);
        String name = file.toString().toLowerCase(Locale.ROOT);
        if (name.endsWith(".pb")) {
            return binary(messageName, bytes, "");
        }
        String text = text(file, bytes);
        if (name.endsWith(".yaml") || name.endsWith(".yml")) {
            return yaml(messageName, text);
        }
        return name.endsWith(".pb_text") ? textProto(messageName, text) : json(messageName, text);
    }

    private static byte[] bytes(Path file) {
        try {
            if (Files.isRegularFile(file) && Files.size(file) > Limits.MAX_BYTES) {
                throw new ConfigException("file " + file + " has more than " + Limits.MAX_BYTES + " bytes");
            }
            try (InputStream in = Files.newInputStream(file)) {
                byte[] bytes = in.readNBytes(Limits.MAX_BYTES + 1);
                if (bytes.length > Limits.MAX_BYTES) {
                    throw new ConfigException("file " + file + " has more than " + Limits.MAX_BYTES + " bytes");
                }
                return bytes;
            }
        } catch (NoSuchFileException e) {
            throw new ConfigException("Invalid path: " + file);
        } catch (IOException e) {
            throw new ConfigException("unable to read file: " + file + " (" + e.getMessage() + ")");
        }
    }

    private static String text(Path file, byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new ConfigException("file " + file + " is not UTF-8");
        }
    }

    /** Merges {@code over} into {@code base} as protobuf does; {@code over} must not be used afterwards. */
    public static void merge(ConfigNode base, ConfigNode over) {
        Merge.into((MessageNode) base, (MessageNode) over);
    }

    private ConfigNode map(String messageName, SourceValue source) {
        Problems problems = new Problems(messageName);
        MessageNode node = MessageNode.root(type(messageName), "");
        new JsonMapping(problems).message(source, node);
        finish(problems);
        return node;
    }

    private void finish(Problems problems) {
        problems.throwIfAny(tolerateUnknown);
        unknownFields.addAll(problems.unknownFields());
    }

    private static MessageType type(String messageName) {
        @Nullable MessageType type = Schema.get().message(messageName);
        if (type == null) {
            throw new IllegalArgumentException("no message " + messageName);
        }
        return type;
    }
}
