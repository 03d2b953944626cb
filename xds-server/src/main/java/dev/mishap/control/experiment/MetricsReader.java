package dev.mishap.control.experiment;

import dev.mishap.rules.experiment.engine.FaultCounts;
import dev.mishap.rules.experiment.engine.Reading;
import dev.mishap.rules.experiment.engine.ServiceCounts;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Reads everything that a poll needs, from all sources at once. */
final class MetricsReader {
    private final RunPlan plan;
    private final Map<URI, ProxyClient> proxies;
    private final @Nullable PromQlClient prometheus;
    private final ExecutorService executor;

    MetricsReader(
            RunPlan plan, Map<URI, ProxyClient> proxies, @Nullable PromQlClient prometheus, ExecutorService executor) {
        this.plan = plan;
        this.proxies = proxies;
        this.prometheus = prometheus;
        this.executor = executor;
    }

    /** @param withFaults whether the rules are in place, so that their counts can be read */
    Reading read(boolean withFaults) {
        long begun = System.nanoTime();
        List<String> problems = new ArrayList<>();
        String experiment = plan.experiment().id();
        Map<String, List<Future<ServiceCounts>>> services = new HashMap<>();
        plan.options().observed().forEach((service, addresses) -> {
            List<Future<ServiceCounts>> parts = new ArrayList<>();
            addresses.forEach(address -> parts.add(submit(() -> proxy(address).observer(experiment))));
            services.put(service, parts);
        });
        List<Future<FaultCounts>> faults = new ArrayList<>();
        if (withFaults) {
            targetProxies()
                    .forEach(address -> faults.add(submit(() -> proxy(address).faults(experiment))));
        }
        Map<String, Future<Double>> queries = new HashMap<>();
        if (prometheus != null) {
            plan.queries().forEach((name, query) -> queries.put(name, submit(() -> prometheus.value(query))));
        }

        Map<String, ServiceCounts> serviceCounts = new HashMap<>();
        services.forEach((service, parts) -> {
            ServiceCounts sum = ServiceCounts.NONE;
            for (Future<ServiceCounts> part : parts) {
                ServiceCounts counts = result(part, problems);
                sum = sum == null || counts == null ? null : sum.plus(counts);
            }
            if (sum != null) {
                serviceCounts.put(service, sum);
            }
        });
        FaultCounts touched = FaultCounts.NONE;
        for (Future<FaultCounts> part : faults) {
            FaultCounts counts = result(part, problems);
            touched = counts == null ? touched : touched.plus(counts);
        }
        Map<String, Double> values = new HashMap<>();
        queries.forEach((name, value) -> {
            Double number = result(value, problems);
            if (number != null) {
                values.put(name, number);
            }
        });
        return new Reading(serviceCounts, values, touched, System.nanoTime() - begun, problems);
    }

    private List<URI> targetProxies() {
        return plan.options().targets().values().stream()
                .flatMap(List::stream)
                .distinct()
                .toList();
    }

    private ProxyClient proxy(URI address) {
        ProxyClient proxy = proxies.get(address);
        if (proxy == null) {
            throw new IllegalStateException("no client for " + address);
        }
        return proxy;
    }

    private <T> Future<T> submit(Callable<T> work) {
        return executor.submit(work);
    }

    private static <T> @Nullable T result(Future<T> future, List<String> problems) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            problems.add(cause.getMessage() == null ? cause.toString() : cause.getMessage());
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            problems.add("interrupted");
            return null;
        }
    }
}
