package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Endpoint;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A ketama ring: each endpoint is at many places by the hash of {@code key_0}, {@code key_1} …, in proportion to its weight; a
 * hash belongs to the first place at or after it.
 */
final class Ring implements HashTable {
    private final long[] hashes;
    private final Endpoint[] owners;
    final long minPerHost;
    final long maxPerHost;

    Ring(HostWeights hosts, RingHashPolicy policy) {
        int n = hosts.endpoints.size();
        if (n == 0) {
            hashes = new long[0];
            owners = new Endpoint[0];
            minPerHost = 0;
            maxPerHost = 0;
            return;
        }
        // The lightest endpoint gets a whole number of places, unless the ring would be too large.
        double scale = Math.min(Math.ceil(hosts.min * policy.minimumSize()) / hosts.min, (double) policy.maximumSize());
        int size = (int) Math.ceil(scale);
        long[] places = new long[size];
        Endpoint[] of = new Endpoint[size];
        int used = 0;
        double target = 0;
        long least = size;
        long most = 0;
        for (int h = 0; h < n; h++) {
            byte[] key = HostWeights.key(hosts.endpoints.get(h), policy.byHostname());
            byte[] buffer = Arrays.copyOf(key, key.length + 12);
            buffer[key.length] = '_';
            target += scale * hosts.weights.get(h);
            int i = 0;
            while (used < target) {
                if (used == places.length) {
                    // Sums of doubles may come out a little above the size.
                    places = Arrays.copyOf(places, used + n);
                    of = Arrays.copyOf(of, used + n);
                }
                int length = digits(i, buffer, key.length + 1);
                places[used] =
                        policy.murmur() ? Hashes.murmurHash2(buffer, length) : Hashes.xxHash64(buffer, length, 0);
                of[used++] = hosts.endpoints.get(h);
                i++;
            }
            least = Math.min(least, i);
            most = Math.max(most, i);
        }
        minPerHost = least;
        maxPerHost = most;
        hashes = new long[used];
        owners = new Endpoint[used];
        long[] unsorted = places;
        Integer[] order = new Integer[used];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Long.compareUnsigned(unsorted[a], unsorted[b]));
        for (int i = 0; i < used; i++) {
            hashes[i] = unsorted[order[i]];
            owners[i] = of[order[i]];
        }
    }

    private static int digits(int number, byte[] into, int at) {
        int length = 1;
        for (int n = number; n >= 10; n /= 10) {
            length++;
        }
        int n = number;
        for (int i = at + length - 1; i >= at; i--) {
            into[i] = (byte) ('0' + n % 10);
            n /= 10;
        }
        return at + length;
    }

    int size() {
        return hashes.length;
    }

    @Override
    public @Nullable Endpoint pick(long hash, int attempt) {
        int n = hashes.length;
        if (n == 0) {
            return null;
        }
        int low = 0;
        int high = n;
        while (low < high) {
            int mid = low + high >>> 1;
            if (Long.compareUnsigned(hashes[mid], hash) < 0) {
                low = mid + 1;
            } else {
                high = mid;
            }
        }
        return owners[(int) (((low == n ? 0 : low) + (long) attempt) % n)];
    }
}
