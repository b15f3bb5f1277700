#include "pod_check.hpp"

#include "falconer/falco/quantity.hpp"
#include "falconer/falco/service_check.hpp"
#include "falconer/spelling.hpp"
#include "kube_names.hpp"

#include <optional>

namespace falconer::falco {
namespace {

class checker {
public:
    checker(const std::string& path, field_problems& problems) : path_(path), problems_(problems) {}

    void check_resources(const falco_resources& asked) {
        const resource_defaults fallback;
        const auto              requests = asked.requests.value_or(resource_amounts{});
        const auto              limit    = asked.limits.value_or(resource_amounts{});
        const std::string       in       = "falcoConfig.resources.";
        const auto              cpu_request =
            amount(in + "requests.cpu", requests.cpu, fallback.cpu_request, cpu);
        const auto cpu_limit = amount(in + "limits.cpu", limit.cpu, {}, cpu);
        const auto memory_request =
            amount(in + "requests.memory", requests.memory, fallback.memory_request, memory);
        const auto memory_limit =
            amount(in + "limits.memory", limit.memory, fallback.memory_limit, memory);
        check_pair(
            "cpu", cpu_request, cpu_limit, requests.cpu, limit.cpu, fallback.cpu_request, ""
        );
        check_pair(
            "memory", memory_request, memory_limit, requests.memory, limit.memory,
            fallback.memory_request, fallback.memory_limit
        );
    }

    /// As Kubernetes checks them. Source: k8s.io/kubernetes, pkg/apis/core/validation.
    void check_tolerations(const std::vector<toleration>& all) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto& one   = all[i];
            const auto  field = "tolerations[" + std::to_string(i) + ']';
            const auto  said  = one.op.value_or("");
            const auto  op    = said.empty() ? std::string("Equal") : said;
            const auto  key   = one.key.value_or("");
            if (!key.empty() && !is_label_key(key))
                complain(field + ".key", described(value(key)) + " is no label's name");
            if (op != "Exists" && op != "Equal")
                complain(
                    field + ".operator", "expected Exists or Equal, found " + described(value(op))
                );
            if (key.empty() && op != "Exists")
                complain(field + ".operator", "must be Exists where there is no key");
            if (op == "Exists" && !one.is.value_or("").empty())
                complain(field + ".value", "must be empty where the operator is Exists");
            if (op == "Equal" && !is_label_value(one.is.value_or("")))
                complain(field + ".value", "no taint can be " + described(value(*one.is)));
            const auto effect = one.effect.value_or("");
            if (!effect.empty() && effect != "NoSchedule" && effect != "PreferNoSchedule" &&
                effect != "NoExecute")
                complain(
                    field + ".effect",
                    "expected NoSchedule, PreferNoSchedule or NoExecute, found " +
                        described(value(effect))
                );
            if (one.seconds && effect != "NoExecute")
                complain(field + ".tolerationSeconds", "needs the effect NoExecute");
        }
    }

    /// Source: Kubernetes, labels: syntax and character set.
    void check_nodes(const text_map& labels) {
        for (const auto& [key, is] : labels) {
            const auto field = "nodeSelector[" + in_one_line(key) + ']';
            if (!is_label_key(key)) complain(field, "is no label's name");
            if (!is_label_value(is)) complain(field, "no label can be " + described(value(is)));
        }
    }

private:
    void complain(const std::string& field, std::string what) {
        problems_.push_back({path_ + '.' + field, std::move(what)});
    }

    struct limits {
        double      least, most;
        const char* said;
    };
    static constexpr limits cpu{0, 1'000, "more than 0 and at most 1000 cores"};
    static constexpr limits memory{
        1024.0 * 1024, 1024.0 * 1024 * 1024 * 1024, "between 1Mi and 1Ti"
    };

    /// What holds in the end: what is asked for, else the default.
    std::optional<double> amount(
        const std::string& field, const std::optional<std::string>& asked,
        const std::optional<std::string>& fallback, const limits& allowed
    ) {
        if (!asked) return fallback ? parse_quantity(*fallback) : std::nullopt;
        const auto is = parse_quantity(*asked);
        if (!is) {
            complain(
                field,
                "expected a quantity such as 100m or 512Mi, found " + described(value(*asked))
            );
        } else if (*is <= 0 || *is < allowed.least || *is > allowed.most) {
            complain(
                field,
                "must be " + std::string(allowed.said) + ", found " + described(value(*asked))
            );
        } else {
            return is;
        }
        return {};
    }

    void check_pair(
        const char* what, std::optional<double> request, std::optional<double> limit,
        const std::optional<std::string>& asked_request,
        const std::optional<std::string>& asked_limit, const std::string& default_request,
        const std::string& default_limit
    ) {
        if (!request || !limit || *request <= *limit) return;
        const auto said = [](const std::optional<std::string>& asked, const std::string& fallback) {
            return asked ? *asked : fallback + " (the default)";
        };
        complain(
            "falcoConfig.resources",
            std::string(what) + " request " + said(asked_request, default_request) +
                " is greater than its limit " + said(asked_limit, default_limit)
        );
    }

    const std::string& path_;
    field_problems&    problems_;
};

}  // namespace

void check_pods(const service_config& config, const std::string& path, field_problems& problems) {
    checker check(path, problems);
    if (config.resources) check.check_resources(*config.resources);
    if (config.tolerations) check.check_tolerations(*config.tolerations);
    if (config.node_selector) check.check_nodes(*config.node_selector);
}

}  // namespace falconer::falco
