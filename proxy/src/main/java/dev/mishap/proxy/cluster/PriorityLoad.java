package dev.mishap.proxy.cluster;

/** Which share of the requests goes to the healthy, and which to the degraded endpoints of each priority; in percent, 100 in all. */
public final class PriorityLoad {
    /** All load for the healthy endpoints of one priority, made once. */
    private static final PriorityLoad[] SINGLE = new PriorityLoad[16];

    static {
        for (int p = 0; p < SINGLE.length; p++) {
            int[] healthy = new int[p + 1];
            healthy[p] = 100;
            SINGLE[p] = new PriorityLoad(healthy, new int[p + 1]);
        }
    }

    private final int[] healthy;
    private final int[] degraded;

    /** Takes both arrays over; they are of the same length, which is the number of priorities. */
    public PriorityLoad(int[] healthy, int[] degraded) {
        this.healthy = healthy;
        this.degraded = degraded;
    }

    /** All load for one priority, of a set of {@code priorities} of them. */
    public static PriorityLoad only(int priority, boolean degraded, int priorities) {
        if (!degraded && priority < SINGLE.length) {
            return SINGLE[priority];
        }
        int n = Math.max(priorities, priority + 1);
        int[] healthyOnes = new int[n];
        int[] degradedOnes = new int[n];
        (degraded ? degradedOnes : healthyOnes)[priority] = 100;
        return new PriorityLoad(healthyOnes, degradedOnes);
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
