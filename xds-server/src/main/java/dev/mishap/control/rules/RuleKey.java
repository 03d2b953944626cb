package dev.mishap.control.rules;

/** Which rule: names are unique in a namespace. Ordered by namespace, then name. */
public record RuleKey(String namespace, String name) implements Comparable<RuleKey> {
    /** Where a document that names no namespace belongs. */
    public static final String DEFAULT_NAMESPACE = "default";

    @Override
    public int compareTo(RuleKey that) {
        int order = namespace.compareTo(that.namespace);
        return order != 0 ? order : name.compareTo(that.name);
    }

    @Override
    public String toString() {
        return namespace + '/' + name;
    }
}
