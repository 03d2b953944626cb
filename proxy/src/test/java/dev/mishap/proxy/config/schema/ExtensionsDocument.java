package dev.mishap.proxy.config.schema;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Duration;
import dev.mishap.proxy.server.SupportTable;
import io.envoyproxy.pgv.validate.Validate;
import io.envoyproxy.pgv.validate.Validate.DurationRules;
import io.envoyproxy.pgv.validate.Validate.FieldRules;
import io.envoyproxy.pgv.validate.Validate.StringRules;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The part of docs/extensions.md that is made from the messages: their comments, types and validation rules, field by field. */
final class ExtensionsDocument {
    /** What comes before is written by hand. */
    static final String MARKER = "<!-- From here on generated from the messages; see CONTRIBUTING.md. -->\n";

    private final ProtoComments comments = ProtoComments.of(OwnMessages.protos());
    private final StringBuilder out = new StringBuilder(MARKER);

    static String generate() {
        ExtensionsDocument document = new ExtensionsDocument();
        ClassLoader loader = OwnMessages.loader();
        List<FileDescriptor> files = new ArrayList<>();
        for (String name : OwnMessages.outerClasses()) {
            try {
                files.add((FileDescriptor) Class.forName(name, true, loader)
                        .getMethod("getDescriptor")
                        .invoke(null));
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }
        // The extensions first, then what they have in common.
        files.sort(Comparator.comparing(f -> (f.getPackage().equals("mishap.rules.v1") ? "1" : "0") + f.getPackage()));
        for (FileDescriptor file : files) {
            file.getMessageTypes().forEach(document::message);
        }
        return document.out.toString();
    }

    private void message(Descriptor message) {
        out.append("\n### ").append(message.getFullName()).append("\n\n");
        String comment = comments.of(message.getFullName());
        if (!comment.isEmpty()) {
            out.append(comment).append("\n\n");
        }
        if (message.getFields().isEmpty()) {
            out.append("It has no fields.\n");
        } else {
            out.append("| field | type | must be | |\n|---|---|---|---|\n");
            message.getFields().forEach(this::field);
        }
        message.getEnumTypes().forEach(this::values);
        message.getNestedTypes().stream()
                .filter(nested -> !nested.getOptions().getMapEntry())
                .forEach(this::message);
    }

    private void field(FieldDescriptor field) {
        FieldRules rules = field.getOptions().getExtension(Validate.rules);
        List<String> constraints = new ArrayList<>();
        if (field.getRealContainingOneof() != null) {
            boolean required = field.getRealContainingOneof().getOptions().getExtension(Validate.required);
            constraints.add((required ? "one of `" : "at most one of `")
                    + field.getRealContainingOneof().getName() + "`");
        }
        if (field.isRepeated()) {
            of(
                    constraints,
                    rules.getRepeated().getMinItems(),
                    rules.getRepeated().getMaxItems(),
                    " items");
            List<String> each = new ArrayList<>();
            constraints(
                    each,
                    field.isMapField()
                            ? rules.getMap().getKeys()
                            : rules.getRepeated().getItems());
            if (!each.isEmpty()) {
                constraints.add((field.isMapField() ? "each name " : "each ") + String.join(", ", each));
            }
        } else {
            constraints(constraints, rules);
        }
        String meaning = comments.of(field.getFullName());
        if (meaning.isEmpty() && field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
            meaning = comments.of(field.getMessageType().getFullName());
        }
        out.append("| `")
                .append(field.getName())
                .append("` | ")
                .append(type(field))
                .append(" | ")
                .append(String.join("; ", constraints))
                .append(" | ")
                .append(meaning.replace("|", "\\|"))
                .append(note(field))
                .append(" |\n");
    }

    /** What this proxy makes of the field, when that is not what it says. */
    private static String note(FieldDescriptor field) {
        SupportedFields support =
                SupportTable.all().get(field.getContainingType().getFullName());
        boolean ofOthers = support == null; // a message that no configuration of a proxy has
        if (ofOthers || support.supported().contains(field.getName())) {
            return "";
        }
        String why = support.accepted().get(field.getName());
        return why == null ? " *Refused by the proxy.*" : " *Without effect in the proxy: " + why + ".*";
    }

    private static String type(FieldDescriptor field) {
        if (field.isMapField()) {
            return "map of strings";
        }
        String name = switch (field.getJavaType()) {
            case MESSAGE -> link(field.getMessageType());
            case ENUM -> "enum " + field.getEnumType().getName();
            default -> field.getType().name().toLowerCase(java.util.Locale.ROOT);
        };
        return field.isRepeated() ? "list of " + name : name;
    }

    private static String link(Descriptor message) {
        String full = message.getFullName();
        if (full.startsWith("google.protobuf.") && full.endsWith("Value")) {
            return message.getName()
                    .substring(0, message.getName().length() - 5)
                    .toLowerCase(java.util.Locale.ROOT);
        }
        if (!full.startsWith("mishap.")) {
            return full.startsWith("google.protobuf.") ? message.getName() : "`" + full + "`";
        }
        String anchor = full.toLowerCase(java.util.Locale.ROOT).replace(".", "");
        return "[" + message.getName() + "](#" + anchor + ")";
    }

    private void values(EnumDescriptor type) {
        out.append("\n`").append(type.getName()).append("`: ");
        String comment = comments.of(type.getFullName());
        out.append(comment).append(comment.isEmpty() ? "" : " ");
        List<String> values = new ArrayList<>();
        for (EnumValueDescriptor value : type.getValues()) {
            // An enum's values are siblings of the enum in the descriptor's names, not in the source's blocks.
            String meaning = comments.of(type.getFullName() + "." + value.getName());
            String said = meaning.isEmpty() ? "" : " – " + meaning.replaceAll("\\.$", "");
            values.add("`" + value.getName() + "`" + (value.getNumber() == 0 ? " (default)" : "") + said);
        }
        out.append(String.join("; ", values)).append(".\n");
    }

    private static void constraints(List<String> into, FieldRules rules) {
        if (rules.getMessage().getRequired() || rules.getDuration().getRequired()) {
            into.add("given");
        }
        switch (rules.getTypeCase()) {
            case STRING -> string(into, rules.getString());
            case BOOL -> into.add("`true`");
            case UINT32 -> {
                Validate.UInt32Rules r = rules.getUint32();
                range(into, r.hasGte(), r.getGte(), r.hasLte() || r.hasLt(), r.hasLt() ? r.getLt() - 1 : r.getLte());
            }
            case UINT64 -> {
                Validate.UInt64Rules r = rules.getUint64();
                range(into, r.hasGte(), r.getGte(), r.hasLte() && r.getLte() < Long.MAX_VALUE, r.getLte());
            }
            case DURATION -> duration(into, rules.getDuration());
            default -> {}
        }
    }

    private static void string(List<String> into, StringRules rules) {
        of(into, rules.getMinLen(), rules.getMaxLen(), " characters");
        if (rules.hasWellKnownRegex()) {
            into.add("a header's name");
        }
        if (!rules.getPattern().isEmpty()) {
            into.add("`" + rules.getPattern().replace("|", "\\|") + "`");
        }
    }

    private static void of(List<String> into, long min, long max, String unit) {
        if (min > 0 && max > 0) {
            into.add(min + " to " + max + unit);
        } else if (max > 0) {
            into.add("at most " + max + unit);
        } else if (min > 0) {
            into.add(min + " or more" + unit);
        }
    }

    private static void range(List<String> into, boolean low, long min, boolean high, long max) {
        if (high) {
            into.add((low ? min : 0) + " to " + max);
        } else if (low) {
            into.add(min + " or more");
        }
    }

    private static void duration(List<String> into, DurationRules rules) {
        String low = rules.hasGt() ? "more than " + text(rules.getGt()) : rules.hasGte() ? text(rules.getGte()) : "";
        String high = rules.hasLte() ? text(rules.getLte()) : rules.hasLt() ? "less than " + text(rules.getLt()) : "";
        if (!low.isEmpty() && !high.isEmpty()) {
            into.add(low + " to " + high);
        } else if (!low.isEmpty()) {
            into.add(rules.hasGt() ? low : low + " or more");
        } else if (!high.isEmpty()) {
            into.add("at most " + high);
        }
    }

    private static String text(Duration duration) {
        return RuleCheck.goDuration(duration.getSeconds() * 1_000_000_000L + duration.getNanos());
    }
}
