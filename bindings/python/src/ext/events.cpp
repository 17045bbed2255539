// Events and what they carry.
#include "objects.h"

namespace mychat_python {

namespace {

// The C function of an operation, without its prefix; "" for one that this binding does not know.
const char* operation_name(mychat_operation operation) {
  switch (operation) {
    case MYCHAT_OPERATION_REGISTER:
      return "register";
    case MYCHAT_OPERATION_LOGIN:
      return "login";
    case MYCHAT_OPERATION_LOGOUT:
      return "logout";
    case MYCHAT_OPERATION_DELETE_ACCOUNT:
      return "delete_account";
    case MYCHAT_OPERATION_CHANGE_PASSWORD:
      return "change_password";
    case MYCHAT_OPERATION_SET_PROFILE:
      return "set_profile";
    case MYCHAT_OPERATION_SESSIONS:
      return "sessions";
    case MYCHAT_OPERATION_REVOKE_SESSION:
      return "revoke_session";
    case MYCHAT_OPERATION_NODE_INFO:
      return "node_info";
    case MYCHAT_OPERATION_ADD_CONTACT:
      return "add_contact";
    case MYCHAT_OPERATION_REMOVE_CONTACT:
      return "remove_contact";
    case MYCHAT_OPERATION_LOOKUP:
      return "lookup";
    case MYCHAT_OPERATION_ROTATE_IDENTITY:
      return "rotate_identity";
    default:
      return "";
  }
}

py::object error_or_none(const mychat_error& error, const char* operation, std::int64_t retry_after_ms = 0) {
  return error.status == MYCHAT_OK ? py::none() : make_error(error, operation, retry_after_ms);
}

template <class T>
py::object value_or_none(const T* value) {
  return value == nullptr ? py::none() : to_python(*value);
}

}  // namespace

static py::object to_python(const mychat_completion& value) {
  return Record(objects().completion)
      .set(MYCHAT_FIELD(operation), objects().operation.member(value.operation))
      .set(MYCHAT_FIELD(request), PyLong_FromUnsignedLongLong(value.request))
      .set(MYCHAT_FIELD(error),
           error_or_none(value.error, operation_name(value.operation), value.retry_after_ms))
      .set(MYCHAT_FIELD(account), value_or_none(value.account))
      .set(MYCHAT_FIELD(contact), value_or_none(value.contact))
      .set(MYCHAT_FIELD(sessions), value_or_none(value.sessions))
      .set(MYCHAT_FIELD(node_info), value_or_none(value.node_info))
      .make();
}

static py::object to_python(const mychat_connection& value) {
  return Record(objects().connection)
      .set(MYCHAT_FIELD(state), objects().connection_state.member(value.state))
      .set(MYCHAT_FIELD(error), error_or_none(value.error, "start"))
      .set(MYCHAT_FIELD(retry_at), new_time(value.retry_at))
      .make();
}

static py::object to_python(const mychat_progress& value) {
  return Record(objects().progress)
      .set(MYCHAT_FIELD(operation), objects().operation.member(value.operation))
      .set(MYCHAT_FIELD(request), PyLong_FromUnsignedLongLong(value.request))
      .set(MYCHAT_FIELD(primes_found), PyLong_FromUnsignedLong(value.primes_found))
      .set(MYCHAT_FIELD(candidates), PyLong_FromUnsignedLong(value.candidates))
      .make();
}

static py::object to_python(const mychat_typing& value) {
  return Record(objects().typing)
      .set(MYCHAT_FIELD(peer), new_text(value.peer))
      .set(MYCHAT_FIELD(is_typing), new_bool(value.is_typing))
      .make();
}

static py::object to_python(const mychat_presence& value) {
  return Record(objects().presence_notice)
      .set(MYCHAT_FIELD(peer), new_text(value.peer))
      .set(MYCHAT_FIELD(status), objects().presence.member(value.status))
      .set(MYCHAT_FIELD(last_seen), new_time(value.last_seen))
      .make();
}

namespace {

Record record(py::handle type, const mychat_event& event) {
  Record made(type);
  made.set(MYCHAT_FIELD(type), objects().event_type.member(event.type));
  made.set(MYCHAT_FIELD(seq), PyLong_FromUnsignedLongLong(event.seq));
  made.set(MYCHAT_FIELD(time), new_time(event.time));
  return made;
}

template <class Payload>
py::object make(py::handle type, const mychat_event& event, PyObject* field, const Payload* payload) {
  return record(type, event).set(field, to_python(*payload)).make();
}

}  // namespace

py::object to_python(const mychat_event& event) {
  const Objects& o = objects();
  switch (event.type) {
    case MYCHAT_EVENT_COMPLETION:
      return make(o.completion_event, event, MYCHAT_FIELD(completion), event.data.completion);
    case MYCHAT_EVENT_CONNECTION:
      return make(o.connection_event, event, MYCHAT_FIELD(connection), event.data.connection);
    case MYCHAT_EVENT_PROGRESS:
      return make(o.progress_event, event, MYCHAT_FIELD(progress), event.data.progress);
    case MYCHAT_EVENT_MESSAGE:
      return make(o.message_event, event, MYCHAT_FIELD(message), event.data.message);
    case MYCHAT_EVENT_MESSAGE_STATUS:
      return make(o.message_status_event, event, MYCHAT_FIELD(message), event.data.message);
    case MYCHAT_EVENT_TYPING:
      return make(o.typing_event, event, MYCHAT_FIELD(typing), event.data.typing);
    case MYCHAT_EVENT_PRESENCE:
      return make(o.presence_event, event, MYCHAT_FIELD(presence), event.data.presence);
    case MYCHAT_EVENT_CONTACT:
      return make(o.contact_event, event, MYCHAT_FIELD(contact), event.data.contact);
    case MYCHAT_EVENT_KEY_CHANGED:
      return make(o.key_changed_event, event, MYCHAT_FIELD(contact), event.data.contact);
    case MYCHAT_EVENT_SESSION_ENDED:
      return make(o.session_ended_event, event, MYCHAT_FIELD(connection), event.data.connection);
    default:
      return record(o.event, event).make();
  }
}

}  // namespace mychat_python
