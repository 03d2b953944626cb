package dev.mishap.proxy.config.schema;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One message of the configuration as a typed tree, whatever form it came in. Fields go by their proto names (snake_case). A
 * field that the message's schema does not have is a bug of the caller and throws {@link IllegalArgumentException}.
 *
 * <p>Wrapper types (UInt32Value, BoolValue …) read as plain values with presence; an {@code Any} reads as the message it
 * holds (a TypedStruct inside is already resolved); durations read as nanoseconds.
 */
public interface ConfigNode {
    /** Full proto name, for example {@code envoy.config.cluster.v3.Cluster}. */
    String messageName();

    /** Where it is in the configuration, for example {@code static_resources.clusters[0]}. */
    String path();

    /** Whether the field was given; for a scalar without presence: whether it differs from its proto default. */
    boolean has(String field);

    /** Whether the singular field holds an Any that names no message ({@code {}}), for which {@link #has} is false. */
    boolean emptyAny(String field);

    /** The name of the oneof's field that was given, or null. */
    @Nullable
    String oneof(String oneofName);

    /** A string field; {@code ""} when absent. Bytes fields read as ISO-8859-1. */
    String string(String field);

    boolean bool(String field, boolean absent);

    /** An integer field of any width; unsigned 64-bit values over Long.MAX_VALUE are refused by the reader. */
    long integer(String field, long absent);

    double number(String field, double absent);

    /** A Duration field in nanoseconds. */
    long durationNanos(String field, long absentNanos);

    /** An enum field's value name; the name of value 0 when absent. */
    String enumName(String field);

    /** A message field, an Any field's message, or null when absent. */
    @Nullable
    ConfigNode message(String field);

    /** The message in {@code field}; one in which nothing is set when it is absent. */
    ConfigNode messageOrEmpty(String field);

    /** A message field that the caller needs; absent is a {@link ConfigException} naming the path. */
    ConfigNode required(String field);

    /** The elements of a repeated message (or Any) field. */
    List<ConfigNode> messages(String field);

    /** The elements of a repeated string field. */
    List<String> strings(String field);

    /** The elements of a repeated integer or enum-number field. */
    List<Long> integers(String field);

    /** The elements of a repeated double or float field. */
    List<Double> numbers(String field);

    /** The entries of a map field whose values are messages or Any. */
    Map<String, ConfigNode> messageMap(String field);

    /** The entries of a map field whose values are strings. */
    Map<String, String> stringMap(String field);

    /** A google.protobuf.Struct, Value or ListValue field as Map, List, String, Double, Boolean or null values. */
    @Nullable
    Object struct(String field);

    /** Whether {@code other} is the same message with the same values. */
    default boolean sameAs(ConfigNode other) {
        return sameExcept(other, Set.of());
    }

    /** Whether {@code other} is the same message with the same values, but for those of {@code fields}. */
    boolean sameExcept(ConfigNode other, Set<String> fields);

    /** The message as JSON with proto field names, as /config_dump prints it: a {@code @type} first inside an Any. */
    Object toJson();

    /** An error about {@code field} of this message, to be thrown. */
    ConfigException error(String field, String problem);
}
