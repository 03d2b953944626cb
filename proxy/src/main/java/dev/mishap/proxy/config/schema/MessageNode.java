package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tree that the readers build. Values by kind: String (strings; bytes as ISO-8859-1), Boolean, Long (integers, enum
 * numbers), Double, Float, {@link TimeValue}, MessageNode, and for Struct, Value and ListValue plain maps, lists and
 * {@link #NULL}; repeated fields are lists of these, maps are maps of these by String, Long or Boolean.
 */
final class MessageNode extends FieldValues implements ConfigNode {
    /** A google.protobuf.Value that was given as null. */
    static final Object NULL = new Object() {
        @Override
        public String toString() {
            return "null";
        }
    };

    private final MessageType type;
    private @Nullable MessageNode parent;
    private @Nullable FieldType parentField;
    /** Place in a repeated field, key in a map, null in a singular field. */
    private @Nullable Object place;
    /** The {@code @type} when the message came in an Any. */
    private @Nullable String typeUrl;
    /** The {@code @type} of the TypedStruct that stood for this message, if one did. */
    private @Nullable String typedStructUrl;
    /** The value of a well-known type that is directly inside an Any. */
    private @Nullable Object self;

    private String rootPath = "";
    private Set<String> emptyAnys = Set.of();

    MessageNode(
            MessageType type, @Nullable MessageNode parent, @Nullable FieldType parentField, @Nullable Object place) {
        this.type = type;
        this.parent = parent;
        this.parentField = parentField;
        this.place = place;
    }

    static MessageNode root(MessageType type, String path) {
        MessageNode node = new MessageNode(type, null, null, null);
        node.rootPath = path;
        return node;
    }

    /** Moves the message to another parent, for a merge of two trees. */
    MessageNode under(MessageNode newParent, FieldType field, @Nullable Object newPlace) {
        parent = newParent;
        parentField = field;
        place = newPlace;
        return this;
    }

    MessageType type() {
        return type;
    }

    @Nullable
    MessageNode parent() {
        return parent;
    }

    @Nullable
    FieldType parentField() {
        return parentField;
    }

    @Nullable
    Object place() {
        return place;
    }

    void inAny(String url) {
        typeUrl = url;
    }

    void inTypedStruct(String url) {
        typedStructUrl = url;
    }

    @Nullable
    String typeUrl() {
        return typeUrl;
    }

    void self(Object value) {
        self = value;
    }

    @Nullable
    Object self() {
        return self;
    }

    private FieldType field(String name) {
        FieldType field = type.field(name);
        if (field == null) {
            throw new IllegalArgumentException(type.name() + " has no field " + name);
        }
        return field;
    }

    private @Nullable Object get(String name) {
        return value(field(name));
    }

    @Override
    public String messageName() {
        return type.name();
    }

    @Override
    public String path() {
        StringBuilder s = new StringBuilder();
        appendPath(s, false);
        return s.toString();
    }

    /** The path as Envoy prints it, with {@code <any>} where the tree passes into an Any. */
    String envoyPath() {
        StringBuilder s = new StringBuilder();
        appendPath(s, true);
        return s.toString();
    }

    private void appendPath(StringBuilder s, boolean anys) {
        if (parent == null) {
            s.append(rootPath);
        } else {
            parent.appendPath(s, anys);
        }
        if (parentField != null) {
            s.append(s.length() == 0 ? "" : ".").append(parentField.name());
            appendPlace(s, place);
        }
        if (anys && typeUrl != null) {
            s.append(".<any>");
        }
    }

    static void appendPlace(StringBuilder s, @Nullable Object place) {
        if (place instanceof Integer) {
            s.append('[').append(place).append(']');
        } else if (place != null) {
            s.append("[\"").append(place).append("\"]");
        }
    }

    @Override
    public boolean has(String field) {
        return get(field) != null;
    }

    @Override
    public boolean emptyAny(String field) {
        return emptyAnys.contains(field);
    }

    void noteEmptyAny(FieldType field) {
        emptyAnys = new HashSet<>(emptyAnys);
        emptyAnys.add(field.name());
    }

    @Override
    public @Nullable String oneof(String oneofName) {
        String[] oneofs = type.oneofs();
        for (int i = 0; i < oneofs.length; i++) {
            if (oneofs[i].equals(oneofName)) {
                for (int j = 0; j < size(); j++) {
                    if (fieldAt(j).oneof() == i) {
                        return fieldAt(j).name();
                    }
                }
                return null;
            }
        }
        throw new IllegalArgumentException(type.name() + " has no oneof " + oneofName);
    }

    @Override
    public String string(String field) {
        Object v = get(field);
        return v == null ? "" : (String) v;
    }

    @Override
    public boolean bool(String field, boolean absent) {
        Object v = get(field);
        return v == null ? absent : (Boolean) v;
    }

    @Override
    public long integer(String field, long absent) {
        Object v = get(field);
        return v == null ? absent : (Long) v;
    }

    @Override
    public double number(String field, double absent) {
        Object v = get(field);
        return v == null ? absent : ((Number) v).doubleValue();
    }

    @Override
    public long durationNanos(String field, long absentNanos) {
        Object v = get(field);
        return v == null ? absentNanos : ((TimeValue) v).nanosSaturated();
    }

    @Override
    public String enumName(String field) {
        FieldType f = field(field);
        Object v = value(f);
        long number = v == null ? 0 : (Long) v;
        String name = f.enumType().nameOf((int) number);
        return name == null ? Long.toString(number) : name;
    }

    @Override
    public @Nullable ConfigNode message(String field) {
        return (ConfigNode) get(field);
    }

    @Override
    public ConfigNode messageOrEmpty(String field) {
        ConfigNode node = message(field);
        FieldType f = field(field);
        return node == null ? new MessageNode(f.messageType(), this, f, null) : node;
    }

    @Override
    public ConfigNode required(String field) {
        ConfigNode node = message(field);
        if (node == null) {
            throw error(field, "is required");
        }
        return node;
    }

    @Override
    public List<ConfigNode> messages(String field) {
        return listOf(get(field));
    }

    @Override
    public List<String> strings(String field) {
        return listOf(get(field));
    }

    @Override
    public List<Long> integers(String field) {
        return listOf(get(field));
    }

    @Override
    public List<Double> numbers(String field) {
        List<Double> out = new ArrayList<>();
        for (Number n : MessageNode.<Number>listOf(get(field))) {
            out.add(n.doubleValue());
        }
        return out;
    }

    @SuppressWarnings("unchecked")
    private static <T> List<T> listOf(@Nullable Object value) {
        return value == null ? List.of() : Collections.unmodifiableList((List<T>) value);
    }

    @Override
    public Map<String, ConfigNode> messageMap(String field) {
        return mapOf(get(field));
    }

    @Override
    public Map<String, String> stringMap(String field) {
        return mapOf(get(field));
    }

    @SuppressWarnings("unchecked")
    private static <T> Map<String, T> mapOf(@Nullable Object value) {
        return value == null ? Map.of() : Collections.unmodifiableMap((Map<String, T>) value);
    }

    @Override
    public @Nullable Object struct(String field) {
        if (self != null) {
            return self == NULL ? null : self;
        }
        Object v = get(field);
        return v == NULL ? null : v;
    }

    @Override
    public boolean sameExcept(ConfigNode other, Set<String> fields) {
        return other instanceof MessageNode node && sameFields(node, fields) && node.sameFields(this, fields);
    }

    private static boolean same(@Nullable Object a, @Nullable Object b) {
        if (a instanceof MessageNode x && b instanceof MessageNode y) {
            return x.size() == y.size() && x.sameFields(y, Set.of());
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            if (x.size() != y.size()) {
                return false;
            }
            for (int i = 0; i < x.size(); i++) {
                if (!same(x.get(i), y.get(i))) {
                    return false;
                }
            }
            return true;
        }
        if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
            return x.size() == y.size()
                    && x.entrySet().stream()
                            .allMatch(e -> y.containsKey(e.getKey()) && same(e.getValue(), y.get(e.getKey())));
        }
        return Objects.equals(a, b);
    }

    /** Whether every field of this message but {@code ignored} has the same value in {@code other}. */
    private boolean sameFields(MessageNode other, Set<String> ignored) {
        if (type != other.type || !same(self, other.self)) {
            return false;
        }
        for (int i = 0; i < size(); i++) {
            Object theirs = other.value(fieldAt(i));
            if (!ignored.contains(fieldAt(i).name()) && (theirs == null || !same(valueAt(i), theirs))) {
                return false;
            }
        }
        return true;
    }

    @Override
    public Object toJson() {
        return JsonForm.message(this, false);
    }

    @Nullable
    String typedStructUrl() {
        return typedStructUrl;
    }

    @Override
    public ConfigException error(String field, String problem) {
        FieldType f = type.field(field);
        StringBuilder s = new StringBuilder(path());
        s.append(s.length() == 0 || field.isEmpty() ? "" : ".").append(field);
        s.append(s.length() == 0 ? "" : ": ").append(problem);
        appendOrigin(s, type, positionOf(f));
        return new ConfigException(s.toString());
    }

    /** Appends the message's name and, when known, the place in the source. */
    static void appendOrigin(StringBuilder s, MessageType type, int at) {
        s.append(" (").append(type.name());
        if (at != 0) {
            s.append(", line ").append(SourceValue.line(at)).append(':').append(SourceValue.column(at));
        }
        s.append(')');
    }

    @Override
    public String toString() {
        return toJson().toString();
    }
}
