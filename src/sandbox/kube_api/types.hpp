// The types that a sandbox API serves: built-in ones, Gardener's, and what CRDs add.
#pragma once

#include "falconer/kube_object.hpp"
#include "falconer/result.hpp"

#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::sandbox {

/// What `kubectl get` prints of it.
struct api_column {
    std::string name{};
    std::string path{};  // ".status.lastOperation.state", as additionalPrinterColumns has it
    std::string type     = "string";
    int         priority = 0;  // above 0: with -o wide only
    std::string format{};
};

/// Where an object keeps what its part `scale` shows: ".spec.replicas".
struct scale_paths {
    std::string replicas{}, running{};
    std::string selector{};  // of a custom type a text, of a built-in one a LabelSelector
};

struct api_type {
    kube_type                type{};
    std::string              singular{};
    std::vector<std::string> short_names{};
    std::vector<std::string> categories{};
    std::vector<api_column>  columns{};
    bool                     has_status  = false;  // is written apart
    bool                     generations = false;  // metadata.generation counts what is wanted
    bool                     built_in    = false;  // strategic merge patches
    value                    schema{};             // of a CRD; null: any object

    std::optional<scale_paths> scale{};
};

class api_types {
public:
    /// With what Kubernetes has built in and Gardener always brings.
    api_types();

    /// Replaces one of the same group, version and plural.
    void add(api_type type);
    /// Every served version of a CRD. Errors: malformed.
    result<void> add_crd(const value& crd);
    void         remove_crd(const value& crd);

    const api_type* find(std::string_view group, std::string_view version, std::string_view plural)
        const;
    const std::list<api_type>& all() const noexcept { return types_; }

private:
    std::list<api_type> types_{};  // whoever holds one of them may add others
};

}  // namespace falconer::sandbox
