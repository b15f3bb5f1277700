// A Kubernetes API server, for those who ask it.
#pragma once

#include "falconer/kube_object.hpp"
#include "falconer/result.hpp"
#include "falconer/task.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace falconer {

/// Of an object: itself, or a part that is written apart from the rest.
enum class kube_part : std::uint8_t { whole, status };

struct kube_selection {
    std::string namespace_name{};  // empty: all namespaces, or a cluster's own objects
    std::string labels{};          // a label selector: "gardener.cloud/role=shoot,a!=b"
    std::string fields{};          // a field selector: "metadata.name=x"
};

struct kube_page_request {
    std::size_t limit = 500;  // Source: client-go, tools/pager/pager.go
    std::string next{};       // of the page before
    std::string resource_version{};
};

struct kube_write {
    kube_part part    = kube_part::whole;
    bool      dry_run = false;
};

/// Server-side apply.
struct kube_apply {
    std::string manager = "falconer";
    bool        force   = false;  // take fields over from other managers
    kube_part   part    = kube_part::whole;
    bool        dry_run = false;
};

struct kube_removal {
    enum class dependents : std::uint8_t { by_default, background, foreground, orphan };

    std::string                  uid{};               // only if it is this one
    std::string                  resource_version{};  // … and has not changed
    std::optional<std::uint32_t> grace_seconds{};
    dependents                   then = dependents::by_default;
};

/// Hears a watch. Never suspends.
class kube_listener {
public:
    virtual ~kube_listener() = default;

    virtual void heard(kube_event event) = 0;
    /// The watch has trouble and goes on trying. `why` is a sentence.
    virtual void troubled(const failure&) {}
    /// The server has taken up the watch; it may have nothing to tell for a long time.
    virtual void goes_on() {}
};

/// Errors of every call, each with the server's own sentence:
///     not_found       the object, its namespace, or its kind
///     already_exists  create() found it there
///     conflict        it was changed since `metadata.resourceVersion`, a precondition does not
///                     hold, or another manager owns a field
///     denied          HTTP 401 and 403; also creating in a namespace that is being deleted
///     malformed       refused as invalid, or a name that cannot be one; repeating is useless
///     expired         list(): the page before is no longer kept
///     too_large       the server or we have a limit
///     overloaded      429 although we waited as told several times
///     timed_out       no answer in time; a write may have been done all the same
///     unavailable     no connection, or HTTP 5xx; a write may have been done all the same
///     broken          a request of ours that no server understands
/// Cancel: the request may have been acted upon all the same.
class kube_api {
public:
    virtual ~kube_api() = default;

    virtual task<result<value>>     get(kube_type type, kube_key key) = 0;
    virtual task<result<kube_page>> list(
        kube_type type, kube_selection which, kube_page_request page
    ) = 0;

    /// `object`: a whole one. The answers hold what the server made of it.
    virtual task<result<value>> create(
        kube_type type, kube_key key, value object, kube_write how
    ) = 0;
    /// Replaces it. With metadata.resourceVersion within: only if nobody else has.
    virtual task<result<value>> update(
        kube_type type, kube_key key, value object, kube_write how
    ) = 0;
    /// JSON merge patch (RFC 7396); an optimistic lock as in update().
    virtual task<result<value>> merge_patch(
        kube_type type, kube_key key, value object, kube_write how
    ) = 0;
    virtual task<result<value>> apply(
        kube_type type, kube_key key, value object, kube_apply how
    ) = 0;
    /// Done, or begun: an object with finalizers stays for a while.
    virtual task<result<void>> remove(kube_type type, kube_key key, kube_removal how) = 0;

    /// Lists in pages, watches, resumes, begins anew when the thread is lost; managedFields may be
    /// left out. Returns only by being cancelled. `to` must outlive it.
    virtual task<void> follow(kube_type type, kube_selection which, kube_listener& to) = 0;

    /// "v1.33.4", of /version.
    virtual task<result<std::string>> server_version() = 0;
};

}  // namespace falconer
