// The three fields of the card form: what is typed is grouped as on a card, the caret stays where it was,
// and a message appears only where it helps. Shared with frame.js as `cardFields`.
"use strict";

const cardFields = (() => {
  const $ = (id) => document.getElementById(id);
  const testNumbers = new Set(document.body.dataset.cards.split(","));
  const BRANDS = [
    { name: "American Express", start: /^3[47]/, length: 15, gaps: [4, 10], code: 4 },
    { name: "Mastercard", start: /^(5[1-5]|2[2-7])/, length: 16, gaps: [4, 8, 12], code: 3 },
    { name: "Visa", start: /^4/, length: 16, gaps: [4, 8, 12], code: 3 },
    { name: "", start: /^/, length: 16, gaps: [4, 8, 12], code: 3 },
  ];
  const digitsOf = (text) => text.replace(/\D/g, "");
  const brandOf = (digits) => BRANDS.find((brand) => brand.start.test(digits));

  function luhn(digits) {
    const sum = [...digits].reverse().reduce((total, digit, index) => {
      const value = Number(digit) * (index % 2 ? 2 : 1);
      return total + (value > 9 ? value - 9 : value);
    }, 0);
    return sum % 10 === 0;
  }

  // Card number -----------------------------------------------------------------------------------------------------

  function grouped(digits) {
    const gaps = brandOf(digits).gaps;
    return [...digits].map((digit, index) => (gaps.includes(index) ? " " + digit : digit)).join("");
  }

  /** Where in `text` the caret stands once `count` digits are before it. */
  function caretAfter(text, count) {
    let place = 0;
    for (let seen = 0; seen < count && place < text.length; place += 1) {
      if (/\d/.test(text[place])) seen += 1;
    }
    return place;
  }

  let lastNumber = "";

  function formatNumber(event) {
    const field = $("number");
    let digits = digitsOf(field.value);
    let before = digitsOf(field.value.slice(0, field.selectionStart)).length;
    if (event.inputType === "deleteContentBackward" && digits === lastNumber && before > 0) {
      digits = digits.slice(0, before - 1) + digits.slice(before); // only a gap went: take the digit before it too
      before -= 1;
    }
    digits = digits.slice(0, brandOf(digits).length);
    lastNumber = digits;
    const text = grouped(digits);
    if (text !== field.value) {
      const caret = caretAfter(text, before);
      field.value = text;
      if (document.activeElement === field) field.setSelectionRange(caret, caret);
    }
    const brand = brandOf(digits);
    $("brand").textContent = digits ? brand.name : "";
    $("code-hint").textContent = brand.code === 4 ? "4 digits on the front" : "3 digits on the back";
  }

  function numberProblem() {
    const digits = digitsOf($("number").value);
    if (digits.length < brandOf(digits).length) return { code: "incomplete_number", message: "Enter the full card number" };
    if (!luhn(digits)) return { code: "invalid_number", message: "Check the card number, a digit is wrong" };
    if (!testNumbers.has(digits)) {
      return { code: "invalid_number", message: "Use a test card, such as 4242 4242 4242 4242" };
    }
    return null;
  }

  // Expiry date -----------------------------------------------------------------------------------------------------

  function formatExpiry(event) {
    const field = $("expiry");
    const deleting = (event.inputType || "").startsWith("delete");
    if (deleting || field.selectionStart < field.value.length) return; // no help while it is being corrected
    const [typedMonth, typedYear] = expiryParts(field.value);
    const slash = /[/\-.]/.test(field.value);
    if (typedMonth.length === 2 || slash || typedYear) {
      field.value = `${typedMonth.padStart(2, "0")} / ${typedYear}`;
    }
  }

  /** Month and year as typed: MMYY, MM/YY, MM/YYYY, M/YY. */
  function expiryParts(text) {
    const [first, ...rest] = text.split(/[/\-.]/);
    let month = digitsOf(first);
    let year = digitsOf(rest.join(""));
    if (/^[2-9]/.test(month)) {
      year = month.slice(1) + year;
      month = "0" + month[0];
    } else if (month.length > 2) {
      year = month.slice(2) + year;
      month = month.slice(0, 2);
    }
    return [month, year.slice(0, 4)];
  }

  function expiry() {
    const [month, year] = expiryParts($("expiry").value);
    return { month: Number(month), year: year.length === 2 ? 2000 + Number(year) : Number(year), digits: year.length };
  }

  function expiryProblem() {
    const { month, year, digits } = expiry();
    const incomplete = { code: "incomplete_expiry", message: "Enter it as MM / YY" };
    if (!month || (digits !== 2 && digits !== 4)) return incomplete;
    if (month > 12) return { code: "invalid_expiry_month", message: "Use a month 01 to 12" };
    const today = new Date();
    if (year * 12 + month < today.getFullYear() * 12 + today.getMonth() + 1) {
      return { code: "invalid_expiry_year_past", message: "This card has expired" };
    }
    if (year > today.getFullYear() + 50) return incomplete;
    return null;
  }

  // Security code ---------------------------------------------------------------------------------------------------

  const formatCode = () => {
    const field = $("code");
    const digits = digitsOf(field.value).slice(0, 4);
    if (digits !== field.value) field.value = digits;
  };

  function codeProblem() {
    const wanted = brandOf(digitsOf($("number").value)).code;
    if ($("code").value.length === wanted) return null;
    return { code: "incomplete_cvc", message: `Enter the ${wanted} digits` };
  }

  // All three -------------------------------------------------------------------------------------------------------

  const FIELDS = [
    { id: "number", format: formatNumber, problem: numberProblem },
    { id: "expiry", format: formatExpiry, problem: expiryProblem },
    { id: "code", format: formatCode, problem: codeProblem },
  ];

  function show(id, problem) {
    $(`${id}-error`).textContent = problem ? problem.message : "";
    if (problem) $(id).setAttribute("aria-invalid", "true");
    else $(id).removeAttribute("aria-invalid");
  }

  function leaving({ id, problem }) {
    const found = problem();
    const complete = found !== null && !found.code.startsWith("incomplete");
    if (complete) show(id, found);
  }

  /** Calls `changed` after each edit. */
  function watch(changed, focused) {
    for (const field of FIELDS) {
      $(field.id).addEventListener("input", (event) => {
        field.format(event);
        show(field.id, null);
        changed();
      });
      $(field.id).addEventListener("blur", () => leaving(field));
      $(field.id).addEventListener("focus", focused);
    }
  }

  /** Shows every problem, puts the focus on the first and returns it; null when all is well. */
  function check() {
    const problems = FIELDS.map(({ id, problem }) => ({ id, found: problem() }));
    for (const { id, found } of problems) show(id, found);
    const first = problems.find(({ found }) => found);
    if (!first) return null;
    $(first.id).focus();
    return { type: "validation_error", ...first.found };
  }

  return {
    watch,
    check,
    focus: () => $("number").focus(),
    clear: () => FIELDS.forEach(({ id, format }) => { $(id).value = ""; format({}); show(id, null); }),
    complete: () => FIELDS.every(({ problem }) => problem() === null),
    empty: () => FIELDS.every(({ id }) => $(id).value === ""),
    values: () => ({ number: digitsOf($("number").value), cvc: $("code").value, ...expiry() }),
    /** Words at the field that a decline is about. */
    blame: (code) => {
      if (code === "incorrect_cvc") show("code", { message: "Check the security code" });
      if (code === "expired_card") show("expiry", { message: "This card has expired" });
    },
  };
})();
