package dev.mishap.control.experiment;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Renews one lease on every proxy that has it, each on a thread of its own so that one that hangs does not cost the others their lease.
 */
final class LeaseKeeper implements AutoCloseable {
    private final Lease lease;
    private final Consumer<String> onLoss;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Set<ProxyClient> kept = ConcurrentHashMap.newKeySet();

    /** @param onLoss is called on a thread of the keeper with the reason, at most once per proxy */
    LeaseKeeper(Lease lease, Consumer<String> onLoss) {
        this.lease = lease;
        this.onLoss = onLoss;
    }

    /** The proxy has just been given the lease: from now on it is renewed there. */
    void keep(ProxyClient proxy) {
        if (kept.add(proxy)) {
            long given = System.nanoTime();
            Thread thread = new Thread(
                    () -> renew(proxy, given), "lease-" + proxy.address().getAuthority());
            thread.setDaemon(true);
            thread.start();
        }
    }

    private void renew(ProxyClient proxy, long given) {
        long renewed = given;
        try {
            while (!closed.await(lease.renewal().toMillis(), TimeUnit.MILLISECONDS)) {
                long sent = System.nanoTime();
                try {
                    boolean alive = proxy.renew(lease);
                    if (closed.getCount() == 0) {
                        return;
                    }
                    if (!alive) {
                        onLoss.accept("the lease at " + proxy.address() + " has run out");
                        return;
                    }
                    renewed = sent;
                } catch (ProxyException e) {
                    if (System.nanoTime() - renewed >= lease.length().toNanos()) {
                        onLoss.accept("the lease could not be renewed for "
                                + lease.length().toSeconds() + " s: " + e.getMessage());
                        return;
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Stops renewing. */
    @Override
    public void close() {
        closed.countDown();
    }
}
