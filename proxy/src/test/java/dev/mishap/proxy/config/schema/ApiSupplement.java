package dev.mishap.proxy.config.schema;

import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Type;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.TextFormat;
import dev.mishap.proxy.config.schema.ApiModel.Field;
import dev.mishap.proxy.config.schema.ApiModel.Message;
import io.envoyproxy.pgv.validate.Validate.FieldRules;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How Envoy's API of a release differs from the API's jar, which comes later: a text file, one line an item, that is made from the
 * descriptors of that release and kept with the sources.
 *
 * <pre>
 * message NAME [unchecked]                   its lines follow; what the jar has of it stays
 *   oneof NAME [required]
 *   NUMBER [optional|repeated|map KEY] TYPE NAME [in ONEOF] [deprecated] [sensitive] [json NAME] [{RULES}]
 *   gone NUMBER
 * enum NAME                                  its lines are all of its values
 *   NUMBER NAME
 * gone NAME                                  a message or an enum
 * </pre>
 *
 * TYPE is a scalar type, or {@code message:} or {@code enum:} and a full name. A field whose number the jar has, too, takes its place.
 */
final class ApiSupplement {
    private static final Path FILE = Path.of("src/test/resources/dev/mishap/proxy/config/schema/envoy-1.40.txt");

    private static final String HEAD = """
            # What the API of Envoy 1.40 has otherwise than the jar that the schema is generated from. Written by ApiSupplement,
            # which describes the lines; CONTRIBUTING.md says how.
            """;

    private ApiSupplement() {}

    /** Adds what the file says. */
    static void apply(ApiModel model) {
        try {
            apply(model, Files.readAllLines(FILE));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes the file anew, from a FileDescriptorSet of the release. */
    static void write(Path descriptors) throws IOException {
        FileDescriptorSet set = FileDescriptorSet.parseFrom(Files.readAllBytes(descriptors), ApiModel.extensions());
        ApiModel jar = SchemaGenerator.jar();
        ApiModel release = new ApiModel();
        set.getFileList().stream()
                .filter(file -> SchemaGenerator.isWanted(file.getName()))
                .forEach(release::add);
        List<String> lines = difference(jar, release);
        Files.writeString(FILE, HEAD + String.join("\n", lines) + "\n");
    }

    /** What brings {@code from} to {@code to}. Packages that only {@code from} has stay; they are not part of the release's set. */
    static List<String> difference(ApiModel from, ApiModel to) {
        List<String> lines = new ArrayList<>();
        TreeSet<String> packages = new TreeSet<>();
        to.messages.keySet().forEach(name -> packages.add(packageOf(name)));
        to.messages.forEach((name, message) -> message(lines, name, from.messages.get(name), message));
        to.enums.forEach((name, values) -> {
            if (!values.equals(from.enums.get(name))) {
                lines.add("enum " + name);
                values.forEach((value, number) -> lines.add("  " + number + " " + value));
            }
        });
        for (TreeMap<String, ?> gone : List.of(from.messages, from.enums)) {
            gone.keySet().stream()
                    .filter(name -> packages.contains(packageOf(name)))
                    .filter(name -> !to.messages.containsKey(name) && !to.enums.containsKey(name))
                    .forEach(name -> lines.add("gone " + name));
        }
        return lines;
    }

    // Messages begin with a capital letter, packages do not.
    private static String packageOf(String name) {
        return Arrays.stream(name.split("\\."))
                .takeWhile(part -> !Character.isUpperCase(part.charAt(0)))
                .collect(Collectors.joining("."));
    }

    private static void message(List<String> lines, String name, @Nullable Message old, Message message) {
        List<String> body = new ArrayList<>();
        message.oneofs().forEach((oneof, required) -> {
            if (old == null || !required.equals(old.oneofs().get(oneof))) {
                body.add("  oneof " + oneof + (required ? " required" : ""));
            }
        });
        message.fields().forEach((number, field) -> {
            if (old == null || !field.equals(old.fields().get(number))) {
                body.add("  " + line(field));
            }
        });
        if (old != null) {
            old.fields().keySet().stream()
                    .filter(number -> !message.fields().containsKey(number))
                    .forEach(number -> body.add("  gone " + number));
        }
        if (old == null || !body.isEmpty() || message.unchecked() != old.unchecked()) {
            lines.add("message " + name + (message.unchecked() ? " unchecked" : ""));
            lines.addAll(body);
        }
    }

    private static String line(Field field) {
        StringBuilder s = new StringBuilder().append(field.number()).append(' ');
        if (field.keyType() != null) {
            s.append("map ").append(word(field.keyType())).append(' ');
        } else if (field.repeated()) {
            s.append("repeated ");
        } else if (field.presence() && field.oneof().isEmpty() && field.type() != Type.TYPE_MESSAGE) {
            s.append("optional ");
        }
        s.append(word(field.type()));
        s.append(field.typeName().isEmpty() ? "" : ":" + field.typeName());
        s.append(' ').append(field.name());
        s.append(field.oneof().isEmpty() ? "" : " in " + field.oneof());
        s.append(field.deprecated() ? " deprecated" : "");
        s.append(field.sensitive() ? " sensitive" : "");
        s.append(field.jsonName().isEmpty() ? "" : " json " + field.jsonName());
        if (!field.rules().equals(FieldRules.getDefaultInstance())) {
            s.append(" {")
                    .append(TextFormat.printer().shortDebugString(field.rules()))
                    .append('}');
        }
        return s.toString();
    }

    private static String word(Type type) {
        return type.name().substring("TYPE_".length()).toLowerCase(Locale.ROOT);
    }

    static void apply(ApiModel model, List<String> lines) {
        Message message = new Message();
        Map<String, Integer> values = null;
        for (String line : lines) {
            try {
                String[] words = line.strip().split(" ", 3);
                if (line.isBlank() || line.startsWith("#")) {
                    continue;
                }
                if (line.startsWith("message ")) {
                    Message old = model.messages.getOrDefault(words[1], new Message());
                    message = new Message(words.length > 2, old.oneofs(), old.fields());
                    model.messages.put(words[1], message);
                    values = null;
                } else if (line.startsWith("enum ")) {
                    values = new LinkedHashMap<>();
                    model.enums.put(words[1], values);
                } else if (line.startsWith("gone ")) {
                    model.messages.remove(words[1]);
                    model.enums.remove(words[1]);
                } else if (values != null) {
                    values.put(words[1], Integer.parseInt(words[0]));
                } else if (words[0].equals("gone")) {
                    message.fields().remove(Integer.parseInt(words[1]));
                } else if (words[0].equals("oneof")) {
                    message.oneofs().put(words[1], words.length > 2);
                } else {
                    Field field = field(line.strip());
                    message.fields().put(field.number(), field);
                }
            } catch (RuntimeException | TextFormat.ParseException e) {
                throw new IllegalStateException(FILE + ": " + line, e);
            }
        }
    }

    private static Field field(String line) throws TextFormat.ParseException {
        int brace = line.indexOf('{');
        FieldRules.Builder rules = FieldRules.newBuilder();
        if (brace >= 0) {
            TextFormat.merge(line.substring(brace + 1, line.length() - 1), rules);
        }
        Deque<String> words = new ArrayDeque<>(Arrays.asList(
                (brace < 0 ? line : line.substring(0, brace)).strip().split(" ")));
        int number = Integer.parseInt(words.remove());
        String label = List.of("optional", "repeated", "map").contains(words.peek()) ? words.remove() : "";
        Type keyType = label.equals("map") ? type(words.remove()) : null;
        String[] type = words.remove().split(":");
        String name = words.remove();
        String oneof = "";
        String jsonName = "";
        boolean deprecated = false;
        boolean sensitive = false;
        while (!words.isEmpty()) {
            String word = words.remove();
            switch (word) {
                case "in" -> oneof = words.remove();
                case "json" -> jsonName = words.remove();
                case "deprecated" -> deprecated = true;
                case "sensitive" -> sensitive = true;
                default -> throw new IllegalArgumentException(word);
            }
        }
        boolean one = label.isEmpty() || label.equals("optional");
        return new Field(
                name,
                number,
                label.equals("repeated"),
                keyType,
                type(type[0]),
                type.length > 1 ? type[1] : "",
                one && (label.equals("optional") || !oneof.isEmpty() || type[0].equals("message")),
                oneof,
                deprecated,
                sensitive,
                jsonName,
                rules.build());
    }

    private static Type type(String word) {
        return Type.valueOf("TYPE_" + word.toUpperCase(Locale.ROOT));
    }
}
