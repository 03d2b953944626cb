package dev.mishap.proxy.config.schema;

import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Type;
import com.google.protobuf.Descriptors.FileDescriptor;
import dev.mishap.proxy.config.schema.ApiModel.Field;
import dev.mishap.proxy.config.schema.ApiModel.Message;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes the schema resource that {@link Schema} reads, from the compiled descriptors of Envoy's API (all messages of its jar),
 * what a later API adds to them ({@link ApiSupplement}), and the compiled descriptors of our own extensions. The format is described in {@link Schema}.
 */
final class SchemaGenerator {
    private final ApiModel model = new ApiModel();
    private final Set<String> files = new HashSet<>();
    private final List<String> strings = new ArrayList<>();
    private final Map<String, Integer> stringIds = new HashMap<>();

    static byte[] generate() {
        SchemaGenerator generator = new SchemaGenerator();
        generator.addJar("io/envoyproxy/envoy/config/bootstrap/v3/BootstrapProto.class");
        ApiSupplement.apply(generator.model);
        ClassLoader own = OwnMessages.loader();
        for (String name : OwnMessages.outerClasses()) {
            generator.addOuterClass(name, own);
        }
        return generator.write();
    }

    /** What the jar of the API has. */
    static ApiModel jar() {
        SchemaGenerator generator = new SchemaGenerator();
        generator.addJar("io/envoyproxy/envoy/config/bootstrap/v3/BootstrapProto.class");
        return generator.model;
    }

    private void addJar(String marker) {
        URL url = getClass().getClassLoader().getResource(marker);
        try {
            JarURLConnection connection = (JarURLConnection) url.openConnection();
            connection.getJarFile().stream()
                    .map(e -> e.getName())
                    .filter(n -> n.endsWith("Proto.class") && !n.contains("$"))
                    .sorted()
                    .forEach(n -> addOuterClass(
                            n.substring(0, n.length() - 6).replace('/', '.'),
                            getClass().getClassLoader()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void addOuterClass(String name, ClassLoader loader) {
        try {
            addFile((FileDescriptor)
                    Class.forName(name, true, loader).getMethod("getDescriptor").invoke(null));
        } catch (NoSuchMethodException notAnOuterClass) {
            // A message that happens to be called SomethingProto; its file comes by its own outer class.
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(name, e);
        } catch (ClassCastException notAnOuterClass) {
            // As above.
        }
    }

    private void addFile(FileDescriptor file) {
        if (!files.add(file.getFullName())) {
            return;
        }
        file.getDependencies().forEach(this::addFile);
        if (isWanted(file.getFullName())) {
            model.add(file.toProto());
        }
    }

    /** Whether a configuration may have messages of that file. The jar has version 2 of the API, too, which Envoy dropped with 1.18. */
    static boolean isWanted(String file) {
        return file.startsWith("envoy/")
                ? file.contains("/v3")
                : !file.startsWith("validate/") && !file.startsWith("cel/expr/conformance/");
    }

    private byte[] write() {
        model.messages.keySet().forEach(this::string);
        model.enums.keySet().forEach(this::string);
        List<String> messageNames = new ArrayList<>(model.messages.keySet());
        List<String> enumNames = new ArrayList<>(model.enums.keySet());
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        List<Integer> offsets = new ArrayList<>();
        for (Message message : model.messages.values()) {
            offsets.add(body.size());
            writeMessage(body, message, messageNames, enumNames);
        }
        for (Map<String, Integer> values : model.enums.values()) {
            offsets.add(body.size());
            varint(body, values.size());
            values.forEach((name, number) -> {
                varint(body, string(name));
                varint(body, number);
            });
        }
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            DataOutputStream data = new DataOutputStream(out);
            data.writeInt(Schema.MAGIC);
            data.writeInt(model.messages.size());
            data.writeInt(model.enums.size());
            data.writeInt(strings.size());
            for (int offset : offsets) {
                data.writeInt(offset);
            }
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            for (String s : strings) {
                data.writeInt(text.size());
                text.write(s.getBytes(StandardCharsets.UTF_8));
            }
            data.writeInt(text.size());
            data.write(text.toByteArray());
            data.write(body.toByteArray());
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void writeMessage(
            ByteArrayOutputStream out, Message message, List<String> messageNames, List<String> enumNames) {
        varint(out, message.unchecked() ? Schema.MESSAGE_UNCHECKED : 0);
        List<String> oneofs = new ArrayList<>(message.oneofs().keySet());
        varint(out, oneofs.size());
        message.oneofs().forEach((name, required) -> {
            varint(out, string(name));
            out.write(required ? 1 : 0);
        });
        varint(out, message.fields().size());
        for (Field field : message.fields().values()) {
            writeField(out, field, oneofs, messageNames, enumNames);
        }
    }

    private void writeField(
            ByteArrayOutputStream out,
            Field field,
            List<String> oneofs,
            List<String> messageNames,
            List<String> enumNames) {
        byte[] rules = field.rules().toByteArray();
        boolean ownJsonName = !field.jsonName().isEmpty();
        int flags = 0;
        flags |= field.keyType() != null ? Schema.FIELD_MAP : field.repeated() ? Schema.FIELD_REPEATED : 0;
        flags |= field.presence() ? Schema.FIELD_PRESENCE : 0;
        flags |= field.deprecated() ? Schema.FIELD_DEPRECATED : 0;
        flags |= rules.length > 0 ? Schema.FIELD_RULES : 0;
        flags |= ownJsonName ? Schema.FIELD_JSON_NAME : 0;
        flags |= field.sensitive() ? Schema.FIELD_SENSITIVE : 0;
        varint(out, string(field.name()));
        varint(out, field.number());
        varint(out, flags);
        if (field.keyType() != null) {
            out.write(field.keyType().getNumber());
        }
        out.write(field.type().getNumber());
        if (field.type() == Type.TYPE_MESSAGE) {
            varint(out, indexOf(messageNames, field.typeName()));
        } else if (field.type() == Type.TYPE_ENUM) {
            varint(out, indexOf(enumNames, field.typeName()));
        }
        varint(out, oneofs.indexOf(field.oneof()) + 1);
        if (ownJsonName) {
            varint(out, string(field.jsonName()));
        }
        if (rules.length > 0) {
            varint(out, rules.length);
            out.writeBytes(rules);
        }
    }

    private static int indexOf(List<String> sorted, String name) {
        int i = Collections.binarySearch(sorted, name);
        if (i < 0) {
            throw new IllegalStateException("not collected: " + name);
        }
        return i;
    }

    private int string(String s) {
        return stringIds.computeIfAbsent(s, k -> {
            strings.add(k);
            return strings.size() - 1;
        });
    }

    private static void varint(ByteArrayOutputStream out, int value) {
        int v = value;
        while ((v & ~0x7f) != 0) {
            out.write((v & 0x7f) | 0x80);
            v >>>= 7;
        }
        out.write(v);
    }
}
