package dev.mishap.control.store;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Puts and deletes that are done together, all or none, if every condition holds. All of them get one revision.
 *
 * <p>Keys are 1 to {@value #MAX_KEY} printable ASCII characters, so that their order as text is that of their bytes. There are at most
 * {@value #MAX_PARTS} conditions and as many operations, each key once; keys and values together are at most {@value #MAX_BYTES}
 * bytes. These are within what etcd takes by default.
 */
public final class Transaction {
    public static final int MAX_KEY = 1024;
    public static final int MAX_PARTS = 128;
    public static final int MAX_BYTES = 1 << 20;

    /** Holds when the key's {@link Entry#modRevision} is this; 0 = there is no such key. */
    public record Condition(String key, long modRevision) {}

    /** What is done to one key. */
    public sealed interface Operation {
        String key();

        /** @param lease 0 = none */
        record Put(String key, Bytes value, long lease) implements Operation {}

        /** Of a key that is absent: nothing happens. */
        record Delete(String key) implements Operation {}
    }

    private final List<Condition> conditions;
    private final List<Operation> operations;
    private final int bytes;

    private Transaction(Builder builder) {
        conditions = List.copyOf(builder.conditions);
        operations = List.copyOf(builder.operations);
        bytes = (int) builder.bytes;
    }

    public List<Condition> conditions() {
        return conditions;
    }

    public List<Operation> operations() {
        return operations;
    }

    /** The length of its keys and values. */
    public int bytes() {
        return bytes;
    }

    public static Builder builder() {
        return new Builder();
    }

    /** One put without a condition. */
    public static Transaction put(String key, Bytes value) {
        return builder().put(key, value).build();
    }

    /** One delete without a condition. */
    public static Transaction delete(String key) {
        return builder().delete(key).build();
    }

    /** @throws IllegalArgumentException when it is no key */
    public static String requireKey(String key) {
        requirePrefix(key);
        if (key.isEmpty()) {
            throw new IllegalArgumentException("a key must not be empty");
        }
        return key;
    }

    /** @throws IllegalArgumentException when no key can begin so; the empty prefix is that of all */
    public static String requirePrefix(String prefix) {
        if (prefix.length() > MAX_KEY) {
            throw new StoreException.TooLarge(
                    "a key has at most " + MAX_KEY + " characters, this one has " + prefix.length());
        }
        for (int i = 0; i < prefix.length(); i++) {
            char c = prefix.charAt(i);
            if (c <= ' ' || c > '~') {
                throw new IllegalArgumentException("a key is printable ASCII without blanks, got U+"
                        + Integer.toHexString(0x10000 | c).substring(1) + " at " + i);
            }
        }
        return prefix;
    }

    /** Collects the parts; confined to one thread. */
    public static final class Builder {
        private final List<Condition> conditions = new ArrayList<>();
        private final List<Operation> operations = new ArrayList<>();
        private final Set<String> changed = new HashSet<>();
        private long bytes;

        private Builder() {}

        public Builder ifModRevision(String key, long modRevision) {
            conditions.add(new Condition(requireKey(key), modRevision));
            bytes += key.length();
            return this;
        }

        public Builder ifAbsent(String key) {
            return ifModRevision(key, 0);
        }

        public Builder put(String key, Bytes value) {
            return put(key, value, 0);
        }

        /** @param lease the key goes with it; 0 = none */
        public Builder put(String key, Bytes value, long lease) {
            add(new Operation.Put(requireKey(key), value, lease));
            bytes += value.length();
            return this;
        }

        public Builder delete(String key) {
            add(new Operation.Delete(requireKey(key)));
            return this;
        }

        private void add(Operation operation) {
            if (!changed.add(operation.key())) {
                throw new IllegalArgumentException(operation.key() + " is changed twice in one transaction");
            }
            operations.add(operation);
            bytes += operation.key().length();
        }

        /** @throws StoreException.TooLarge */
        public Transaction build() {
            if (conditions.size() > MAX_PARTS || operations.size() > MAX_PARTS) {
                throw new StoreException.TooLarge("a transaction has at most " + MAX_PARTS
                        + " conditions and operations, this one has " + conditions.size() + " and "
                        + operations.size());
            }
            if (bytes > MAX_BYTES) {
                throw new StoreException.TooLarge(
                        "a transaction has at most " + MAX_BYTES + " bytes, this one has " + bytes);
            }
            return new Transaction(this);
        }
    }
}
