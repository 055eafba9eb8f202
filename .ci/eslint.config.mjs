// The rules for the JavaScript of the pages. From the top of the repository:
//   npm ci --prefix .ci
//   .ci/node_modules/.bin/eslint --config .ci/eslint.config.mjs kiosk/web/static
import js from '@eslint/js';
import globals from 'globals';

export default [
  js.configs.recommended,
  {
    linterOptions: {reportUnusedDisableDirectives: 'error'},
    languageOptions: {ecmaVersion: 2022, sourceType: 'module', globals: globals.browser},
    rules: {
      'array-callback-return': 'error',
      'complexity': ['error', 10],
      'eqeqeq': 'error',
      'max-lines': ['error', 400],
      'no-else-return': 'error',
      'no-eval': 'error',
      'no-implicit-globals': 'error',
      'no-shadow': 'error',
      'no-unused-vars': ['error', {args: 'all'}],
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
];
