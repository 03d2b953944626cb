package dev.mishap.proxy.config.schema;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumValueDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Label;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Type;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.OneofDescriptorProto;
import com.google.protobuf.ExtensionRegistry;
import io.envoyproxy.pgv.validate.Validate;
import io.envoyproxy.pgv.validate.Validate.FieldRules;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import udpa.annotations.Sensitive;

/** What the schema says of messages and enums, by their full names: what descriptors give, and {@link ApiSupplement} adds to. */
final class ApiModel {
    /**
     * @param keyType of a map's keys; null when the field is not a map
     * @param type of the field, or of a map's values
     * @param typeName the full name of a message or an enum, else ""
     * @param oneof "" when it is in none
     * @param jsonName "" when it is the usual one
     */
    record Field(
            String name,
            int number,
            boolean repeated,
            @Nullable Type keyType,
            Type type,
            String typeName,
            boolean presence,
            String oneof,
            boolean deprecated,
            boolean sensitive,
            String jsonName,
            FieldRules rules) {}

    /**
     * @param unchecked whether its validation rules are switched off
     * @param oneofs whether one of its members must be set, by name
     * @param fields by number
     */
    record Message(boolean unchecked, Map<String, Boolean> oneofs, TreeMap<Integer, Field> fields) {
        Message() {
            this(false, new LinkedHashMap<>(), new TreeMap<>());
        }
    }

    final TreeMap<String, Message> messages = new TreeMap<>();

    /** The values of each enum by name, in the order of the declaration. */
    final TreeMap<String, Map<String, Integer>> enums = new TreeMap<>();

    /** The extensions that {@link #add} looks at. */
    static ExtensionRegistry extensions() {
        ExtensionRegistry registry = ExtensionRegistry.newInstance();
        Validate.registerAllExtensions(registry);
        Sensitive.registerAllExtensions(registry);
        return registry;
    }

    void add(FileDescriptorProto file) {
        boolean proto2 = !file.getSyntax().equals("proto3");
        String scope = file.getPackage().isEmpty() ? "" : file.getPackage() + ".";
        file.getMessageTypeList().forEach(m -> add(scope, m, proto2));
        file.getEnumTypeList().forEach(e -> add(scope, e));
    }

    private void add(String scope, EnumDescriptorProto type) {
        Map<String, Integer> values = new LinkedHashMap<>();
        for (EnumValueDescriptorProto value : type.getValueList()) {
            values.put(value.getName(), value.getNumber());
        }
        enums.put(scope + type.getName(), values);
    }

    private void add(String scope, DescriptorProto type, boolean proto2) {
        String name = scope + type.getName();
        Message message =
                new Message(type.getOptions().getExtension(Validate.disabled), new LinkedHashMap<>(), new TreeMap<>());
        Map<String, DescriptorProto> entries = new HashMap<>();
        for (DescriptorProto nested : type.getNestedTypeList()) {
            if (nested.getOptions().getMapEntry()) {
                entries.put(name + "." + nested.getName(), nested);
            } else {
                add(name + ".", nested, proto2);
            }
        }
        type.getEnumTypeList().forEach(e -> add(name + ".", e));
        for (OneofDescriptorProto oneof : type.getOneofDeclList()) {
            message.oneofs.put(oneof.getName(), oneof.getOptions().getExtension(Validate.required));
        }
        for (FieldDescriptorProto field : type.getFieldList()) {
            String oneof = field.hasOneofIndex()
                    ? type.getOneofDecl(field.getOneofIndex()).getName()
                    : "";
            if (field.getProto3Optional()) {
                message.oneofs.remove(oneof);
                oneof = "";
            }
            message.fields.put(field.getNumber(), field(field, oneof, entries.get(typeName(field)), proto2));
        }
        messages.put(name, message);
    }

    private static Field field(
            FieldDescriptorProto field, String oneof, @Nullable DescriptorProto entry, boolean proto2) {
        boolean repeated = field.getLabel() == Label.LABEL_REPEATED && entry == null;
        boolean many = repeated || entry != null;
        FieldDescriptorProto value = entry == null ? field : entry.getField(1);
        boolean usualJson = !field.hasJsonName() || field.getJsonName().equals(FieldType.camelCase(field.getName()));
        return new Field(
                field.getName(),
                field.getNumber(),
                repeated,
                entry == null ? null : entry.getField(0).getType(),
                value.getType(),
                typeName(value),
                !many
                        && (field.getType() == Type.TYPE_MESSAGE
                                || !oneof.isEmpty()
                                || field.getProto3Optional()
                                || proto2),
                oneof,
                field.getOptions().getDeprecated(),
                field.getOptions().getExtension(Sensitive.sensitive),
                usualJson ? "" : field.getJsonName(),
                field.getOptions().getExtension(Validate.rules));
    }

    private static String typeName(FieldDescriptorProto field) {
        return field.getTypeName().startsWith(".") ? field.getTypeName().substring(1) : field.getTypeName();
    }
}
