package dev.mishap.proxy.http.h2;

import java.util.Arrays;

/**
 * A dynamic table of RFC 7541: the bytes of its entries one after the other in one array, where the oldest are dropped first. Grows
 * with what is put in, so that an idle connection holds next to nothing.
 */
final class HpackTable {
    private static final int OVERHEAD = 32;
    // offset, name length, name hash, value length, value hash
    private static final int FIELDS = 5;

    private byte[] bytes = new byte[0];
    private int end;
    private int[] entries = new int[0];
    /** The slot of the oldest entry; slots are a ring. */
    private int oldest;

    private int count;
    private int size;
    private int maxSize;

    HpackTable(int maxSize) {
        this.maxSize = maxSize;
    }

    int count() {
        return count;
    }

    int maxSize() {
        return maxSize;
    }

    void maxSize(int bytes) {
        maxSize = bytes;
        evict(0);
    }

    /** Where the entry's fields are; 0 is the newest entry. */
    private int at(int index) {
        int slots = entries.length / FIELDS;
        int slot = oldest + count - 1 - index;
        return (slot >= slots ? slot - slots : slot) * FIELDS;
    }

    byte[] bytes() {
        return bytes;
    }

    int offset(int index) {
        return entries[at(index)];
    }

    int nameLength(int index) {
        return entries[at(index) + 1];
    }

    int nameHash(int index) {
        return entries[at(index) + 2];
    }

    int valueLength(int index) {
        return entries[at(index) + 3];
    }

    /** The newest entry of that name and value, or -1; or, when there is none, -2 - the newest of that name. */
    int find(int nameHash, int valueHash, byte[] from, int name, int nameLength, int value, int valueLength) {
        int sameName = -1;
        for (int i = 0; i < count; i++) {
            int e = at(i);
            if (entries[e + 2] != nameHash || entries[e + 1] != nameLength) {
                continue;
            }
            int o = entries[e];
            if (!Arrays.equals(bytes, o, o + nameLength, from, name, name + nameLength)) {
                continue;
            }
            if (entries[e + 4] == valueHash
                    && entries[e + 3] == valueLength
                    && Arrays.equals(
                            bytes, o + nameLength, o + nameLength + valueLength, from, value, value + valueLength)) {
                return i;
            }
            if (sameName < 0) {
                sameName = i;
            }
        }
        return sameName < 0 ? -1 : -2 - sameName;
    }

    /** Adds an entry whose name and value lie in {@code from}; one that is larger than the table empties it. */
    void add(byte[] from, int name, int nameLength, int nameHash, int value, int valueLength, int valueHash) {
        int length = nameLength + valueLength;
        if (length > maxSize - OVERHEAD) {
            evict(maxSize);
            return;
        }
        evict(length + OVERHEAD);
        room(length);
        if ((count + 1) * FIELDS > entries.length) {
            growEntries();
        }
        count++;
        int e = at(0);
        entries[e] = end;
        entries[e + 1] = nameLength;
        entries[e + 2] = nameHash;
        entries[e + 3] = valueLength;
        entries[e + 4] = valueHash;
        System.arraycopy(from, name, bytes, end, nameLength);
        System.arraycopy(from, value, bytes, end + nameLength, valueLength);
        end += length;
        size += length + OVERHEAD;
    }

    private void evict(int wanted) {
        while (count > 0 && size + wanted > maxSize) {
            int e = at(count - 1);
            size -= entries[e + 1] + entries[e + 3] + OVERHEAD;
            count--;
            oldest = (oldest + 1) % (entries.length / FIELDS);
        }
        if (count == 0) {
            end = 0;
        }
    }

    private void room(int length) {
        if (bytes.length - end >= length) {
            return;
        }
        int start = count == 0 ? end : entries[at(count - 1)];
        int live = end - start;
        byte[] to = bytes;
        if (live + length > bytes.length / 2) {
            // Twice what may be alive, so that moving it is rare.
            to = new byte[Math.max(live + length, Math.min(Math.max(512, bytes.length * 2), maxSize * 2))];
        }
        System.arraycopy(bytes, start, to, 0, live);
        bytes = to;
        end = live;
        for (int i = 0; i < count; i++) {
            entries[at(i)] -= start;
        }
    }

    private void growEntries() {
        int[] more = new int[Math.max(8 * FIELDS, entries.length * 2)];
        for (int i = 0; i < count; i++) {
            System.arraycopy(entries, at(count - 1 - i), more, i * FIELDS, FIELDS);
        }
        entries = more;
        oldest = 0;
    }
}
