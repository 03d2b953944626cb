package dev.mishap.proxy.http;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The headers of one message, in order, names in lower case, repeated names kept as separate lines. Pseudo headers
 * ({@code :method}, {@code :path}, {@code :authority}, {@code :scheme}, {@code :status}) are entries like any other, so that
 * matchers and log formats need no special case; codecs write them apart.
 *
 * <p>Names and values live in one byte array that a stream reuses; a value becomes a {@link String} (ISO-8859-1, so that
 * every byte survives a round trip) only when somebody asks for it, and then once. Confined to one event loop.
 */
public final class HeaderMap {
    private static final int FIELDS = 5; // name offset, name length, hash, value offset, value length
    private static final int MAX_KEPT = 16 * 1024;

    // Sizes of the first entry's arrays. A map that stays empty has none: there may be many thousands that wait for a
    // response.
    private static final int BYTES = 256;
    private static final int ENTRIES = 8;
    private static final byte[] NO_BYTES = {};
    private static final int[] NO_ENTRIES = {};
    private static final @Nullable String[] NO_STRINGS = {};

    private byte[] arena = NO_BYTES;
    private int used;
    private int[] entries = NO_ENTRIES;
    private @Nullable String[] values = NO_STRINGS;
    // Strings of the message before, by index: the next message on a connection mostly says the same at the same place.
    // It is made by
    // the first message that is over, and may be shorter than values.
    private @Nullable String[] memo = NO_STRINGS;
    private int size;
    /** Whether a text came in that has a byte which no value may have. */
    private boolean doubtful;

    /** Forgets all entries and keeps the memory, unless it grew far past what headers usually need. */
    public void clear() {
        if (memo.length < size) {
            memo = Arrays.copyOf(memo, values.length);
        }
        for (int i = 0; i < size; i++) {
            if (values[i] != null) {
                memo[i] = values[i];
                values[i] = null;
            }
        }
        size = 0;
        used = 0;
        doubtful = false;
        if (arena.length > MAX_KEPT) {
            arena = NO_BYTES;
            entries = NO_ENTRIES;
            values = memo = NO_STRINGS;
        }
    }

    public int size() {
        return size;
    }

    /** Bytes of all names and values, as Envoy counts them for {@code max_request_headers_kb}. */
    public int byteSize() {
        int n = 0;
        for (int i = 0, e = 0; i < size; i++, e += FIELDS) {
            n += entries[e + 1] + entries[e + 4];
        }
        return n;
    }

    /** The index of the first entry called {@code name}, or -1. */
    public int indexOf(HeaderName name) {
        return indexOf(name, 0);
    }

    /** The index of the first entry called {@code name} at or after {@code from}, or -1. */
    public int indexOf(HeaderName name, int from) {
        int hash = name.hashCode();
        byte[] wanted = name.bytes();
        for (int i = from, e = from * FIELDS; i < size; i++, e += FIELDS) {
            if (entries[e + 2] == hash && entries[e + 1] == wanted.length && matches(entries[e], wanted)) {
                return i;
            }
        }
        return -1;
    }

    private boolean matches(int offset, byte[] wanted) {
        return Arrays.equals(arena, offset, offset + wanted.length, wanted, 0, wanted.length);
    }

    public boolean contains(HeaderName name) {
        return indexOf(name, 0) >= 0;
    }

    /** The value of the first entry called {@code name}, or null. */
    public @Nullable String get(HeaderName name) {
        int i = indexOf(name, 0);
        return i < 0 ? null : value(i);
    }

    /** The name of entry {@code index}, lower case. */
    public String name(int index) {
        int e = entry(index);
        return new String(arena, entries[e], entries[e + 1], StandardCharsets.ISO_8859_1);
    }

    /** Whether entry {@code index} is called {@code name}. */
    public boolean isNamed(int index, HeaderName name) {
        int e = entry(index);
        byte[] wanted = name.bytes();
        return entries[e + 2] == name.hashCode() && entries[e + 1] == wanted.length && matches(entries[e], wanted);
    }

    /** Whether entry {@code index} is a pseudo header, which starts with a colon. */
    public boolean isPseudo(int index) {
        int e = entry(index);
        return entries[e + 1] > 0 && arena[entries[e]] == ':';
    }

    /** The value of entry {@code index}. */
    public String value(int index) {
        int e = entry(index);
        String v = values[index];
        if (v == null) {
            v = index < memo.length ? memo[index] : null;
            if (v == null || !sameText(v, entries[e + 3], entries[e + 4])) {
                v = new String(arena, entries[e + 3], entries[e + 4], StandardCharsets.ISO_8859_1);
            }
            values[index] = v;
        }
        return v;
    }

    private boolean sameText(String text, int offset, int length) {
        if (text.length() != length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if ((byte) text.charAt(i) != arena[offset + i]) {
                return false;
            }
        }
        return true;
    }

    /** Whether the value of entry {@code index} is exactly these ISO-8859-1 bytes; makes no String. */
    public boolean valueEquals(int index, byte[] wanted) {
        int e = entry(index);
        return entries[e + 4] == wanted.length
                && Arrays.equals(arena, entries[e + 3], entries[e + 3] + wanted.length, wanted, 0, wanted.length);
    }

    /** How many bytes the value of entry {@code index} has. */
    public int valueSize(int index) {
        return entries[entry(index) + 4];
    }

    /** Copies the bytes of the value of entry {@code index} to {@code target} from {@code offset} on; makes no String. */
    public void copyValue(int index, byte[] target, int offset) {
        int e = entry(index);
        System.arraycopy(arena, entries[e + 3], target, offset, entries[e + 4]);
    }

    /** The bytes that hold all names and values; valid until the map changes. For codecs. */
    public byte[] arena() {
        return arena;
    }

    /** Where the name of an entry starts in the arena. */
    public int nameOffset(int index) {
        return entries[entry(index)];
    }

    /** Bytes of an entry's name. */
    public int nameLength(int index) {
        return entries[entry(index) + 1];
    }

    /** The hash of an entry's name, as {@link HeaderName#hash} computes it. For codecs. */
    public int nameHash(int index) {
        return entries[entry(index) + 2];
    }

    /** Where the value of an entry starts in the arena. */
    public int valueOffset(int index) {
        return entries[entry(index) + 3];
    }

    /** Bytes of an entry's value. */
    public int valueLength(int index) {
        return entries[entry(index) + 4];
    }

    /** Byte {@code at} of the value of entry {@code index}; for matchers that make no String. */
    public byte valueByte(int index, int at) {
        int e = entry(index);
        assert at >= 0 && at < entries[e + 4] : at;
        return arena[entries[e + 3] + at];
    }

    /** Appends an entry. */
    public void add(HeaderName name, String value) {
        byte[] n = name.bytes();
        int nameAt = append(n, 0, n.length);
        separator();
        int valueAt = append(value);
        addEntry(nameAt, n.length, name.hashCode(), valueAt, used - valueAt);
        values[size - 1] = value;
    }

    /** Appends an entry whose value is ISO-8859-1 bytes. */
    public void add(HeaderName name, byte[] value, int offset, int length) {
        byte[] n = name.bytes();
        int nameAt = append(n, 0, n.length);
        separator();
        int valueAt = append(value, offset, length);
        addEntry(nameAt, n.length, name.hashCode(), valueAt, length);
    }

    /** Replaces the value of entry {@code index}. */
    public void setValue(int index, String value) {
        int e = entry(index);
        int valueAt = append(value);
        entries[e + 3] = valueAt;
        entries[e + 4] = used - valueAt;
        values[index] = value;
    }

    /** Replaces all entries called {@code name} by one, at the place of the first. */
    public void set(HeaderName name, String value) {
        int i = indexOf(name, 0);
        if (i < 0) {
            add(name, value);
            return;
        }
        setValue(i, value);
        int next;
        while ((next = indexOf(name, i + 1)) >= 0) {
            removeAt(next);
        }
    }

    /** Removes all entries called {@code name}; returns whether there was one. */
    public boolean remove(HeaderName name) {
        boolean any = false;
        int i = 0;
        while ((i = indexOf(name, i)) >= 0) {
            removeAt(i);
            any = true;
        }
        return any;
    }

    public void removeAt(int index) {
        int e = entry(index);
        System.arraycopy(entries, e + FIELDS, entries, e, (size - index - 1) * FIELDS);
        System.arraycopy(values, index + 1, values, index, size - index - 1);
        size--;
        values[size] = null;
    }

    /** Replaces this map's entries by copies of the other's. */
    public void copyFrom(HeaderMap other) {
        clear();
        if (arena.length < other.used) {
            arena = new byte[other.arena.length];
        }
        System.arraycopy(other.arena, 0, arena, 0, other.used);
        used = other.used;
        if (entries.length < other.size * FIELDS) {
            entries = new int[other.entries.length];
            values = new String[other.values.length];
        }
        System.arraycopy(other.entries, 0, entries, 0, other.size * FIELDS);
        System.arraycopy(other.values, 0, values, 0, other.size);
        size = other.size;
        doubtful = other.doubtful;
    }

    /** Appends raw bytes to the arena and returns where they start. For codecs, with {@link #addEntry}. */
    public int append(byte[] from, int offset, int length) {
        reserve(length);
        System.arraycopy(from, offset, arena, used, length);
        int at = used;
        used += length;
        return at;
    }

    // Names and values are kept as "name: value", so that a codec copies a line at once.
    private void separator() {
        reserve(2);
        arena[used] = ':';
        arena[used + 1] = ' ';
        used += 2;
    }

    private int append(String value) {
        int length = value.length();
        reserve(length);
        int at = used;
        latin1(value, length, arena, at);
        used += length;
        boolean control = false;
        for (int i = at; i < used; i++) {
            control |= isControl(arena[i]);
        }
        doubtful |= control;
        return at;
    }

    private static boolean isControl(byte b) {
        return b >= 0 && b < ' ' && b != '\t' || b == 0x7f;
    }

    /**
     * The index of an entry whose value no message can hold, since it would end its line, or -1. Only texts are looked at: what codecs
     * read was checked by them.
     */
    public int invalidValue() {
        if (!doubtful) {
            return -1;
        }
        for (int i = 0; i < size; i++) {
            for (int k = 0, n = valueLength(i); k < n; k++) {
                if (isControl(valueByte(i, k))) {
                    return i;
                }
            }
        }
        doubtful = false;
        return -1;
    }

    // The deprecated method copies the low bytes at once, which is just what a header needs.
    @SuppressWarnings("deprecation")
    private static void latin1(String value, int length, byte[] to, int at) {
        value.getBytes(0, length, to, at);
    }

    /** Makes room for {@code length} more bytes in the arena. */
    public int reserve(int length) {
        if (arena.length - used < length) {
            arena = Arrays.copyOf(arena, Math.max(Math.max(arena.length * 2, BYTES), used + length));
        }
        return used;
    }

    /** Marks {@code length} reserved bytes as used. */
    public void commit(int length) {
        used += length;
    }

    /** Bytes of the arena that are in use. For codecs. */
    public int used() {
        return used;
    }

    /** Gives back the arena's bytes from {@code end} on; no entry may lie there. For codecs. */
    public void truncate(int end) {
        used = end;
    }

    /** Appends an entry over bytes that are already in the arena; the name must be lower case and hashed as in HeaderName. */
    public void addEntry(int nameOffset, int nameLength, int hash, int valueOffset, int valueLength) {
        int e = size * FIELDS;
        if (e == entries.length) {
            int wanted = Math.max(ENTRIES, size * 2);
            entries = Arrays.copyOf(entries, wanted * FIELDS);
            values = Arrays.copyOf(values, wanted);
        }
        entries[e] = nameOffset;
        entries[e + 1] = nameLength;
        entries[e + 2] = hash;
        entries[e + 3] = valueOffset;
        entries[e + 4] = valueLength;
        size++;
    }

    private int entry(int index) {
        assert index >= 0 && index < size : index + " of " + size;
        return index * FIELDS;
    }

    @Override
    public String toString() {
        StringBuilder s = new StringBuilder("{");
        for (int i = 0; i < size; i++) {
            s.append(i == 0 ? "" : ", ").append(name(i)).append('=').append(value(i));
        }
        return s.append('}').toString();
    }
}
