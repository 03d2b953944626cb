package dev.mishap.control.store;

import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A sorted map that never changes: what changes it makes another one, which shares all but O(log n) nodes with it. So a state can
 * be kept, listed and written out for as long as one likes while newer ones come into being.
 *
 * <p>An AVL tree whose changes copy the path to the root.
 */
public final class PersistentMap<K extends Comparable<K>, V> {
    private static final PersistentMap<?, ?> EMPTY = new PersistentMap<>(null);

    private record Node<K, V>(
            K key,
            V value,
            @Nullable Node<K, V> left,
            @Nullable Node<K, V> right,
            int height,
            int size) {}

    private final @Nullable Node<K, V> root;

    private PersistentMap(@Nullable Node<K, V> root) {
        this.root = root;
    }

    @SuppressWarnings("unchecked")
    public static <K extends Comparable<K>, V> PersistentMap<K, V> empty() {
        return (PersistentMap<K, V>) EMPTY;
    }

    public int size() {
        return size(root);
    }

    int height() {
        return height(root);
    }

    public @Nullable V get(K key) {
        Node<K, V> node = root;
        while (node != null) {
            int order = key.compareTo(node.key);
            if (order == 0) {
                return node.value;
            }
            node = order < 0 ? node.left : node.right;
        }
        return null;
    }

    /** This map with the key's value replaced or added. */
    public PersistentMap<K, V> with(K key, V value) {
        return new PersistentMap<>(put(root, key, value));
    }

    /** This map without the key; the same object when it is not there. */
    public PersistentMap<K, V> without(K key) {
        return get(key) == null ? this : new PersistentMap<>(remove(root, key));
    }

    /**
     * Visits entries in order, from the first key that is not smaller than {@code from} (null = the smallest), until the visitor
     * answers false.
     */
    public void forEachFrom(@Nullable K from, BiPredicate<? super K, ? super V> visitor) {
        visit(root, from, visitor);
    }

    private static <K extends Comparable<K>, V> boolean visit(
            @Nullable Node<K, V> node, @Nullable K from, BiPredicate<? super K, ? super V> visitor) {
        if (node == null) {
            return true;
        }
        int order = from == null ? -1 : from.compareTo(node.key);
        if (order < 0 && !visit(node.left, from, visitor)) {
            return false;
        }
        if (order <= 0 && !visitor.test(node.key, node.value)) {
            return false;
        }
        return visit(node.right, order < 0 ? null : from, visitor);
    }

    private static <K extends Comparable<K>, V> Node<K, V> put(@Nullable Node<K, V> node, K key, V value) {
        if (node == null) {
            return node(key, value, null, null);
        }
        int order = key.compareTo(node.key);
        if (order == 0) {
            return node(key, value, node.left, node.right);
        }
        return order < 0
                ? balanced(node.key, node.value, put(node.left, key, value), node.right)
                : balanced(node.key, node.value, node.left, put(node.right, key, value));
    }

    private static <K extends Comparable<K>, V> @Nullable Node<K, V> remove(@Nullable Node<K, V> node, K key) {
        if (node == null) {
            return null;
        }
        int order = key.compareTo(node.key);
        if (order < 0) {
            return balanced(node.key, node.value, remove(node.left, key), node.right);
        } else if (order > 0) {
            return balanced(node.key, node.value, node.left, remove(node.right, key));
        } else if (node.left == null) {
            return node.right;
        } else if (node.right == null) {
            return node.left;
        }
        Node<K, V> next = node.right;
        while (next.left != null) {
            next = next.left;
        }
        return balanced(next.key, next.value, node.left, remove(node.right, next.key));
    }

    private static <K, V> Node<K, V> balanced(K key, V value, @Nullable Node<K, V> left, @Nullable Node<K, V> right) {
        int tilt = height(left) - height(right);
        if (tilt > 1 && left != null) {
            Node<K, V> inner = left.right;
            if (height(left.left) >= height(inner) || inner == null) {
                return node(left.key, left.value, left.left, node(key, value, inner, right));
            }
            return node(
                    inner.key,
                    inner.value,
                    node(left.key, left.value, left.left, inner.left),
                    node(key, value, inner.right, right));
        } else if (tilt < -1 && right != null) {
            Node<K, V> inner = right.left;
            if (height(right.right) >= height(inner) || inner == null) {
                return node(right.key, right.value, node(key, value, left, inner), right.right);
            }
            return node(
                    inner.key,
                    inner.value,
                    node(key, value, left, inner.left),
                    node(right.key, right.value, inner.right, right.right));
        }
        return node(key, value, left, right);
    }

    private static <K, V> Node<K, V> node(K key, V value, @Nullable Node<K, V> left, @Nullable Node<K, V> right) {
        return new Node<>(
                key, value, left, right, 1 + Math.max(height(left), height(right)), 1 + size(left) + size(right));
    }

    private static int height(@Nullable Node<?, ?> node) {
        return node == null ? 0 : node.height;
    }

    private static int size(@Nullable Node<?, ?> node) {
        return node == null ? 0 : node.size;
    }
}
