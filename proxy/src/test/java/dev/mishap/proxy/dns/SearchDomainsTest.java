package dev.mishap.proxy.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SearchDomainsTest {
    private static final SearchDomains CLUSTER = SearchDomains.parse(List.of(
            "# made by kubelet", "search ns.svc.cluster.local\tsvc.cluster.local", "options ndots:5 timeout:1"));

    @Test
    void a_short_name_is_completed_first() {
        assertThat(CLUSTER.candidates("db")).containsExactly("db.ns.svc.cluster.local", "db.svc.cluster.local", "db");
    }

    @Test
    void a_name_of_many_dots_is_tried_as_it_is_first() {
        assertThat(CLUSTER.candidates("a.b.c.d.e.f").get(0)).isEqualTo("a.b.c.d.e.f");
        assertThat(SearchDomains.parse(List.of("search x")).candidates("a.b")).containsExactly("a.b", "a.b.x");
    }

    @Test
    void a_final_dot_says_that_a_name_is_complete() {
        assertThat(CLUSTER.candidates("db.")).containsExactly("db.");
    }

    @Test
    void odd_files_do_no_harm() {
        SearchDomains odd = SearchDomains.parse(List.of("options ndots:x", "search", "domain d", "nameserver 1.1.1.1"));
        assertThat(odd).isEqualTo(new SearchDomains(List.of("d"), 1));
    }
}
