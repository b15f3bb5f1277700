// What a Kubernetes API server keeps: objects with their versions, and what has happened to them.
// Synchronous, in memory, without a door of its own.
#pragma once

#include "falconer/ports/kube_api.hpp"
#include "falconer/time_source.hpp"
#include "object.hpp"
#include "owners.hpp"
#include "selector.hpp"
#include "types.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace falconer::sandbox {

enum class api_patch_kind : std::uint8_t { merge, json, strategic };

/// Something that happened to one object.
struct api_change {
    using object = std::shared_ptr<const api_object>;

    std::uint64_t    version = 0;
    const kube_type* of      = nullptr;  // the store's own; never null
    object           before{}, after{};  // null: it was created, or is gone; never both

    const kube_type&  type() const noexcept { return *of; }
    const api_object& is() const noexcept { return after ? *after : *before; }
};

/// Errors of every call, as ports/kube_api.hpp has them; `malformed` is HTTP 422, `broken` HTTP
/// 400. Writes follow api-conventions.md: uid, resourceVersion, generation and timestamps are the
/// server's; status is written apart where the type has it; what has finalizers stays until they
/// are gone; where a type has a schema, what is not in it is dropped, defaults are filled in, and
/// the rest is checked; who has written which fields is known to apply, but not shown
/// (metadata.managedFields). Not played: quotas; what hangs on an owner is collected only where its
/// deletion waits for that (foreground, orphan).
///
/// `manager`: whose write it is.
class api_store {
public:
    struct options {
        std::size_t history = 20'000;  // changes that a watch can still begin from
        /// … and what objects may take that they alone remember: a large one that is written often
        /// would fill any memory.
        std::size_t history_bytes = 64 * 1024 * 1024;
    };

    explicit api_store(time_source& time) : api_store(time, options{}) {}
    api_store(time_source& time, options opt);

    const api_types& types() const noexcept { return types_; }
    /// Registers it as if its CRD had been applied.
    void serve(api_type type) { types_.add(std::move(type)); }

    result<value>     get(const kube_type& type, const kube_key& key) const;
    result<kube_page> list(
        const kube_type& type, const kube_selection& which, const kube_page_request& page
    ) const;
    /// The same, without a copy.
    struct objects_seen {
        std::vector<api_change::object> items{};
        std::string                     resource_version{}, next{};
    };
    result<objects_seen> look(
        const kube_type& type, const kube_selection& which, const kube_page_request& page
    ) const;
    /// With metadata.generateName and no name the server chooses one.
    result<value> create(
        const kube_type& type, kube_key key, value object, kube_write how,
        std::string_view manager = us
    );
    result<value> update(
        const kube_type& type, const kube_key& key, value object, kube_write how,
        std::string_view manager = us
    );
    result<value> patch(
        const kube_type& type, const kube_key& key, api_patch_kind kind, const value& patch,
        kube_write how, std::string_view manager = us
    );
    /// `admitted`: what webhooks have made of the merged object; is written in its place.
    result<value> apply(
        const kube_type& type, const kube_key& key, const value& config, const kube_apply& how,
        const value* admitted = nullptr
    );
    /// The object as remove() would leave it, or as it was last.
    result<value> removable(const kube_type& type, const kube_key& key, const kube_removal& how)
        const;
    /// The object as it was last, or as it is now if its finalizers keep it.
    result<value> remove(const kube_type& type, const kube_key& key, const kube_removal& how);

    // Watches. A change is told to all bells; whoever wakes asks for what it has not seen.
    std::uint64_t version() const noexcept { return version_; }
    /// The changes after `version`, at most 1000. Errors: expired.
    result<std::vector<const api_change*>> since(std::uint64_t version) const;
    /// Forgets what has happened, so that every watch must begin anew.
    void forget_history();
    void ring_on_change(bell& of) { bells_.insert(&of); }
    void no_longer_ring(bell& of) { bells_.erase(&of); }

    std::size_t size() const noexcept { return objects_.size(); }

    /// All that another store needs to go on in its place. Objects are shared, not copied.
    struct contents {
        struct entry {
            kube_type          type{};  // group and plural only
            kube_key           key{};
            api_change::object is{};
            field_owners       owners{};
        };
        std::uint64_t      version = 0, names = 0;
        std::vector<entry> objects{};
    };
    contents whole() const;
    /// In the place of all there is. Versions go on well above those that were told after `what`
    /// was written down, and every watch must begin anew.
    void take_over(contents what);

private:
    /// As the API server calls whoever is called so by itself.
    static constexpr std::string_view us = "falconer";

    using slot = std::pair<kube_type, kube_key>;
    /// Which object; it says by itself how it is called.
    struct place {
        const kube_type& of;
        std::string_view namespace_name{}, name{};
    };
    struct kept {
        const kube_type*           of = nullptr;  // group and plural only; one of kinds_
        mutable api_change::object is{};          // … under the same name
        mutable field_owners       owners{};

        operator place() const noexcept { return {*of, is->namespace_name(), is->name()}; }
    };
    struct by_place {
        using is_transparent = void;
        bool operator()(const place& a, const place& b) const noexcept {
            return std::tie(a.of.group, a.of.plural, a.namespace_name, a.name) <
                   std::tie(b.of.group, b.of.plural, b.namespace_name, b.name);
        }
    };

    /// What a deletion has yet to look at: what hangs on it, or whether it goes on.
    struct unfinished {
        kube_type type{};
        kube_key  key{};
        bool      collects = false;
    };

    const kept*               keeping(const kube_type& type, const kube_key& key) const;
    const api_change::object* find(const kube_type& type, const kube_key& key) const;
    const kube_type&          shared(const kube_type& type) { return *kinds_.insert(type).first; }
    result<void> check(const kube_type& type, const kube_key& key, const value& object) const;
    static result<void> conform(
        const api_type& type, const kube_key& key, const value& was, value& object
    );
    result<value> make(const api_type& served, kube_key key, value object, bool rehearses);
    result<value> write(
        const api_type& type, const kube_key& key, const value& was, value object, kube_write how
    );
    void          own(const kube_type& type, const kube_key& key, field_owners owners);
    result<value> owned(
        const kube_type& type, bool keyed, const value& was, result<value> done, kube_write how,
        std::string_view manager
    );
    value commit(const kube_type& type, const kube_key& key, const value* was, value object);
    void  drop(const kube_type& type, const kube_key& key);
    void  tell(api_change change);
    /// At most so many of them.
    std::vector<slot> contents_of(
        const kube_type& type, const kube_key& key, std::size_t most = static_cast<std::size_t>(-1)
    ) const;
    void              end_if_empty(const kube_type& type, const kube_key& key);
    value             going(const kube_type& type, const value& was, const kube_removal& how) const;
    std::vector<slot> dependents_of(std::string_view uid) const;
    void              collect(const kube_type& type, const kube_key& key);
    void              end_if_alone(const kube_type& type, const kube_key& key);
    void              remember_owners(const value& gone);
    void              go_on();
    void              registered(const value* before, const value* after);
    std::string       now() const;

    time_source&             time_;
    options                  opt_;
    api_types                types_{};
    std::set<kube_type>      kinds_{};  // that have ever had an object
    std::set<kept, by_place> objects_{};
    field_sets               sets_{};
    std::deque<api_change>   history_{};
    std::size_t              history_bytes_ = 0;  // of what was before each change
    std::deque<unfinished>   unfinished_{};
    bool                     goes_on_ = false;
    std::set<bell*>          bells_{};
    std::uint64_t            version_ = 0;
    std::uint64_t            names_   = 0;
};

}  // namespace falconer::sandbox
