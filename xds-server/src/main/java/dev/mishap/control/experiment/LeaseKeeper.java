package dev.mishap.control.experiment;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Renews one lease on every proxy of a run, each on a thread of its own so that one that hangs does not cost the others their lease. The
 * first loss is told once.
 */
final class LeaseKeeper implements AutoCloseable {
    private final List<ProxyClient> proxies;
    private final Lease lease;
    private final Consumer<String> onLoss;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Map<ProxyClient, Thread> threads = new ConcurrentHashMap<>();

    /** @param onLoss is called on a thread of the keeper with the reason */
    LeaseKeeper(List<ProxyClient> proxies, Lease lease, Consumer<String> onLoss) {
        this.proxies = proxies;
        this.lease = lease;
        this.onLoss = onLoss;
    }

    void start() {
        for (ProxyClient proxy : proxies) {
            Thread thread = new Thread(() -> keep(proxy), "lease-" + proxy.address().getAuthority());
            thread.setDaemon(true);
            threads.put(proxy, thread);
            thread.start();
        }
    }

    private void keep(ProxyClient proxy) {
        long renewed = System.nanoTime();
        try {
            while (!closed.await(lease.renewal().toMillis(), TimeUnit.MILLISECONDS)) {
                long sent = System.nanoTime();
                try {
                    if (!proxy.renew(lease)) {
                        onLoss.accept("the lease at " + proxy.address() + " has run out");
                        return;
                    }
                    renewed = sent;
                } catch (ProxyException e) {
                    if (System.nanoTime() - renewed >= lease.length().toNanos()) {
                        onLoss.accept("the lease could not be renewed for " + lease.length().toSeconds() + " s: " + e.getMessage());
                        return;
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
