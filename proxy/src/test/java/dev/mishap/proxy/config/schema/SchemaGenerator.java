package dev.mishap.proxy.config.schema;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Type;
import com.google.protobuf.DescriptorProtos.FieldOptions;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import io.envoyproxy.pgv.validate.Validate;
import io.envoyproxy.pgv.validate.Validate.FieldRules;
import io.envoyproxy.pgv.validate.Validate.MessageRules;
import io.envoyproxy.pgv.validate.Validate.StringRules;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Writes the schema resource that {@link Schema} reads, from the compiled descriptors of Envoy's API (all messages of its jar)
 * and of our own extensions. The format is described in {@link Schema}.
 */
final class SchemaGenerator {
    /** Enum values that came after the compiled descriptors, and that the behaviour followed (Envoy 1.40) has: name to number. */
    static final Map<String, Map<String, Integer>> LATER_ENUM_VALUES =
            Map.of("envoy.config.accesslog.v3.ComparisonFilter.Op", Map.of("NE", 3));

    /** A field that came after the compiled descriptors; {@code message} is what it holds, if it is a message. */
    record LaterField(String name, int number, int flags, FieldDescriptor.Type type, String message) {}

    /** Fields that Envoy 1.40 has and the compiled descriptors have not, each with a higher number than theirs. */
    static final Map<String, List<LaterField>> LATER_FIELDS = Map.of(
            "envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig",
            List.of(
                    new LaterField(
                            "access_log",
                            4,
                            Schema.FIELD_REPEATED,
                            FieldDescriptor.Type.MESSAGE,
                            "envoy.config.accesslog.v3.AccessLog"),
                    new LaterField("case_insensitive", 5, 0, FieldDescriptor.Type.BOOL, "")));

    private static final String CLUSTER_MATCHER = "envoy.extensions.router.cluster_specifiers.matcher.v3";

    /** Messages that Envoy 1.40 has and the compiled descriptors have not. */
    static final FileDescriptorProto LATER_MESSAGES = FileDescriptorProto.newBuilder()
            .setName("envoy/extensions/router/cluster_specifiers/matcher/v3/matcher.proto")
            .setPackage(CLUSTER_MATCHER)
            .setSyntax("proto3")
            .addDependency("xds/type/matcher/v3/matcher.proto")
            .addMessageType(DescriptorProto.newBuilder()
                    .setName("ClusterAction")
                    .addField(field("cluster", 1, Type.TYPE_STRING)
                            .setOptions(rules(FieldRules.newBuilder()
                                    .setString(StringRules.newBuilder().setMinLen(1))))))
            .addMessageType(DescriptorProto.newBuilder()
                    .setName("MatcherClusterSpecifier")
                    .addField(field("cluster_matcher", 1, Type.TYPE_MESSAGE)
                            .setTypeName(".xds.type.matcher.v3.Matcher")
                            .setOptions(rules(FieldRules.newBuilder()
                                    .setMessage(MessageRules.newBuilder().setRequired(true))))))
            .build();

    /** Fields whose validation rules the compiled descriptors still have, and Envoy 1.40 no more. */
    static final Set<String> RULES_GONE = Set.of(
            "envoy.type.v3.TokenBucket.max_tokens",
            "envoy.config.core.v3.RuntimeDouble.runtime_key",
            "envoy.config.core.v3.RuntimeFeatureFlag.runtime_key",
            "envoy.config.core.v3.RuntimePercent.runtime_key",
            "envoy.config.core.v3.RuntimeUInt32.runtime_key");

    private final TreeMap<String, Descriptor> messages = new TreeMap<>();
    private final TreeMap<String, EnumDescriptor> enums = new TreeMap<>();
    private final Map<String, FileDescriptor> files = new LinkedHashMap<>();
    private final List<String> strings = new ArrayList<>();
    private final Map<String, Integer> stringIds = new HashMap<>();

    static byte[] generate() {
        SchemaGenerator generator = new SchemaGenerator();
        generator.addJar("io/envoyproxy/envoy/config/bootstrap/v3/BootstrapProto.class");
        ClassLoader own = OwnMessages.loader();
        for (String name : OwnMessages.outerClasses()) {
            generator.addOuterClass(name, own);
        }
        generator.addLater(LATER_MESSAGES);
        return generator.write();
    }

    private static FieldDescriptorProto.Builder field(String name, int number, Type type) {
        return FieldDescriptorProto.newBuilder()
                .setName(name)
                .setNumber(number)
                .setType(type)
                .setLabel(FieldDescriptorProto.Label.LABEL_OPTIONAL);
    }

    private static FieldOptions rules(FieldRules.Builder rules) {
        return FieldOptions.newBuilder()
                .setExtension(Validate.rules, rules.build())
                .build();
    }

    private void addLater(FileDescriptorProto file) {
        FileDescriptor[] needed =
                file.getDependencyList().stream().map(files::get).toArray(FileDescriptor[]::new);
        try {
            addFile(FileDescriptor.buildFrom(file, needed));
        } catch (DescriptorValidationException e) {
            throw new IllegalStateException(e);
        }
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
        String name = file.getFullName();
        if (name.equals("validate/validate.proto") || files.putIfAbsent(name, file) != null) {
            return;
        }
        file.getDependencies().forEach(this::addFile);
        file.getMessageTypes().forEach(this::addMessage);
        file.getEnumTypes().forEach(e -> enums.put(e.getFullName(), e));
    }

    private void addMessage(Descriptor message) {
        if (message.getOptions().getMapEntry()) {
            return;
        }
        messages.put(message.getFullName(), message);
        message.getNestedTypes().forEach(this::addMessage);
        message.getEnumTypes().forEach(e -> enums.put(e.getFullName(), e));
    }

    private byte[] write() {
        messages.keySet().forEach(this::string);
        enums.keySet().forEach(this::string);
        List<String> messageNames = new ArrayList<>(messages.keySet());
        List<String> enumNames = new ArrayList<>(enums.keySet());
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        List<Integer> offsets = new ArrayList<>();
        for (Descriptor message : messages.values()) {
            offsets.add(body.size());
            writeMessage(body, message, messageNames, enumNames);
        }
        for (EnumDescriptor type : enums.values()) {
            offsets.add(body.size());
            writeEnum(body, type);
        }
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            DataOutputStream data = new DataOutputStream(out);
            data.writeInt(Schema.MAGIC);
            data.writeInt(messages.size());
            data.writeInt(enums.size());
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

    private void writeEnum(ByteArrayOutputStream out, EnumDescriptor type) {
        Map<String, Integer> values = new LinkedHashMap<>();
        for (EnumValueDescriptor value : type.getValues()) {
            values.put(value.getName(), value.getNumber());
        }
        values.putAll(LATER_ENUM_VALUES.getOrDefault(type.getFullName(), Map.of()));
        varint(out, values.size());
        values.forEach((name, number) -> {
            varint(out, string(name));
            varint(out, number);
        });
    }

    private void writeMessage(
            ByteArrayOutputStream out, Descriptor message, List<String> messageNames, List<String> enumNames) {
        int messageFlags = 0;
        if (message.getOptions().getExtension(Validate.disabled)) {
            messageFlags |= Schema.MESSAGE_UNCHECKED;
        }
        varint(out, messageFlags);
        List<OneofDescriptor> oneofs = message.getRealOneofs();
        varint(out, oneofs.size());
        for (OneofDescriptor oneof : oneofs) {
            varint(out, string(oneof.getName()));
            out.write(oneof.getOptions().getExtension(Validate.required) ? 1 : 0);
        }
        List<FieldDescriptor> fields = new ArrayList<>(message.getFields());
        Collections.sort(fields); // by number
        List<LaterField> later = LATER_FIELDS.getOrDefault(message.getFullName(), List.of());
        varint(out, fields.size() + later.size());
        for (FieldDescriptor field : fields) {
            writeField(out, field, oneofs, messageNames, enumNames);
        }
        for (LaterField field : later) {
            varint(out, string(field.name()));
            varint(out, field.number());
            varint(out, field.flags());
            out.write(field.type().toProto().getNumber());
            if (field.type() == FieldDescriptor.Type.MESSAGE) {
                varint(out, indexOf(messageNames, field.message()));
            }
            varint(out, 0);
        }
    }

    private void writeField(
            ByteArrayOutputStream out,
            FieldDescriptor field,
            List<OneofDescriptor> oneofs,
            List<String> messageNames,
            List<String> enumNames) {
        byte[] rules = RULES_GONE.contains(field.getFullName())
                ? new byte[0]
                : field.getOptions().getExtension(Validate.rules).toByteArray();
        boolean ownJsonName = !field.getJsonName().equals(FieldType.camelCase(field.getName()));
        int flags = 0;
        flags |= field.isMapField() ? Schema.FIELD_MAP : field.isRepeated() ? Schema.FIELD_REPEATED : 0;
        flags |= field.hasPresence() ? Schema.FIELD_PRESENCE : 0;
        flags |= field.getOptions().getDeprecated() ? Schema.FIELD_DEPRECATED : 0;
        flags |= rules.length > 0 ? Schema.FIELD_RULES : 0;
        flags |= ownJsonName ? Schema.FIELD_JSON_NAME : 0;
        flags |= isSensitive(field) ? Schema.FIELD_SENSITIVE : 0;
        varint(out, string(field.getName()));
        varint(out, field.getNumber());
        varint(out, flags);
        FieldDescriptor value = field;
        if (field.isMapField()) {
            out.write(field.getMessageType()
                    .findFieldByNumber(1)
                    .getType()
                    .toProto()
                    .getNumber());
            value = field.getMessageType().findFieldByNumber(2);
        }
        out.write(value.getType().toProto().getNumber());
        if (value.getType() == FieldDescriptor.Type.MESSAGE) {
            varint(out, indexOf(messageNames, value.getMessageType().getFullName()));
        } else if (value.getType() == FieldDescriptor.Type.ENUM) {
            varint(out, indexOf(enumNames, value.getEnumType().getFullName()));
        }
        varint(out, oneofs.indexOf(field.getRealContainingOneof()) + 1);
        if (ownJsonName) {
            varint(out, string(field.getJsonName()));
        }
        if (rules.length > 0) {
            varint(out, rules.length);
            out.writeBytes(rules);
        }
    }

    private static boolean isSensitive(FieldDescriptor field) {
        return field.getOptions().getAllFields().entrySet().stream()
                .anyMatch(e -> e.getKey().getFullName().equals("udpa.annotations.sensitive")
                        && Boolean.TRUE.equals(e.getValue()));
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
