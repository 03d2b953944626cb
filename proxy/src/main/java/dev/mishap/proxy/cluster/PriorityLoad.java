package dev.mishap.proxy.cluster;

/** Which share of the requests goes to the healthy, and which to the degraded endpoints of each priority; in percent, 100 in all. */
public final class PriorityLoad {
    private final int[] healthy;
    private final int[] degraded;

    /** Takes both arrays over; they are of the same length, which is the number of priorities. */
    public PriorityLoad(int[] healthy, int[] degraded) {
        this.healthy = healthy;
        this.degraded = degraded;
    }

    public int healthy(int priority) {
        return healthy[priority];
    }

    public int degraded(int priority) {
        return degraded[priority];
    }

    public int priorities() {
        return healthy.length;
    }

    /** The priority for a draw or hash: {@code p}, or {@code ~p} when the degraded endpoints of p are meant. */
    public int choose(long hash) {
        long n = Long.remainderUnsigned(hash, 100) + 1;
        long sum = 0;
        for (int p = 0; p < healthy.length; p++) {
            sum += healthy[p];
            if (n <= sum) {
                return p;
            }
        }
        for (int p = 0; p < degraded.length; p++) {
            sum += degraded[p];
            if (n <= sum) {
                return ~p;
            }
        }
        return 0;
    }
}
